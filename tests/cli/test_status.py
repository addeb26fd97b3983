"""`status`: what it shows, and its exit status."""

import pytest
from sqlalchemy.orm import Session

from sourcery import Consumer, EventStore, UnitOfWork, metadata
from sourcery.cli import main
from sourcery.cli.status import look
from sourcery.consumers import LetterStatus
from tests.cli.support import HOSTILE, Shell, is_harmless
from tests.control.support import deposits, failed, given_up, moved, owned, page, registered
from tests.docs.command_line import leaves
from tests.domain import ADA, Deposited
from tests.guards.wire import watching


def running(bank: EventStore, position: int = 0, **options: object) -> None:
    """A consumer that a worker runs, and has brought so far."""
    consumer = registered(bank, **options)
    page(consumer, owned(consumer, seconds=600), 0, position)


def test_nothing_runs_yet(shell: Shell) -> None:
    """An empty store is well."""
    assert {"status": 0, "consumers": [], "outbox": []} == shell.json("status")
    text = shell.text("status")
    assert "no consumer has ever run here" in text
    assert "the outbox is empty" in text


def test_a_consumer_that_runs_is_well(bank: EventStore, shell: Shell) -> None:
    """Its shard, position, lag and owner."""
    deposits(bank, ADA, 3)
    running(bank, position=2)
    answer = shell.json("status")
    [consumer] = answer["consumers"]
    [shard] = consumer["shards"]
    assert (0, 2, 1, "worker 0") == (
        answer["status"],
        shard["position"],
        shard["events_behind"],
        shard["owner"],
    )
    text = shell.text("status")
    assert "balances" in text
    assert "live" in text


def test_a_stopped_consumer_wants_attention(bank: EventStore, shell: Shell) -> None:
    """Unless it is one that runs now and then."""
    moved(registered(bank), 0)
    assert 3 == shell.json("status", code=3)["status"]
    assert 0 == shell.json("status", "--ignore", "balances")["status"]


def test_a_fault_is_worse(bank: EventStore, shell: Shell) -> None:
    """And its error is shown."""
    deposits(bank, ADA)
    failed(registered(bank))
    assert "ValueError: no" in shell.text("status", code=4)


def test_lag_counts_when_a_limit_is_said(bank: EventStore, shell: Shell) -> None:
    """In seconds."""
    deposits(bank, ADA)
    running(bank)
    shell.run("status", "--max-lag", 3600)
    shell.run("status", "--max-lag", 0, code=3)


def test_open_letters_want_attention(bank: EventStore, shell: Shell) -> None:
    """Dropped ones do not."""
    deposits(bank, ADA, 2)
    running(bank, position=2)
    first, second = bank.read(ADA)
    consumer = registered(bank, name="other")
    page(consumer, owned(consumer, seconds=600), 0, 2)
    given_up(consumer, first, LetterStatus.DEAD)
    shell.run("status")
    given_up(consumer, second)
    shell.run("status", code=3)


def test_a_topic_that_nobody_reads_wants_attention(bank: EventStore, shell: Shell) -> None:
    """Its messages wait for ever."""
    with UnitOfWork(bank) as uow:
        uow.publish("payments", payload=1)
    [topic] = shell.json("status", code=3)["outbox"]
    assert ("payments", None, 1) == (topic["topic"], topic["relay"], topic["pending"])
    assert "nobody reads it" in shell.text("status", code=3)


def test_a_hostile_error_is_harmless(bank: EventStore, shell: Shell) -> None:
    """It is shown written out, in the table and in JSON."""
    deposits(bank, HOSTILE)
    consumer = registered(bank, name=f"evil {HOSTILE.id[:20]}")
    failed(consumer)
    for text in (shell.text("status", code=4), shell.run("status", "--json", code=4).stdout):
        assert is_harmless(text)
    assert "\\x1b[2J" in shell.text("status", code=4)
    assert [consumer.name] == [c["name"] for c in shell.json("status", code=4)["consumers"]]


@pytest.mark.databases("postgresql")
def test_who_holds_back_the_settled_position_is_shown(
    bank: EventStore, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that has appended and does not end."""
    monkeypatch.setattr("sourcery.cli.status._LONG", 0.0)
    running(bank)
    assert "held back at" not in shell.text("status")
    with Session(bank.engine) as session:
        with UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(1)])
        assert "idle in transaction" in shell.text("status")


@pytest.mark.parametrize("events", [1, 500])
def test_the_number_of_statements_does_not_grow_with_the_log(bank: EventStore, events: int) -> None:
    """Some for the whole, two for a consumer with one shard, and two for a topic."""
    deposits(bank, ADA, events)
    for name in ("a", "b", "c"):
        registered(bank, name=name)
    look(bank)  # connects, and checks the store
    with watching(bank.engine) as wire:
        look(bank)
    selects = [s for s in wire.statements if "select" in s.lower() and "sourcery" in s.lower()]
    assert 9 + 2 * 3 >= len(selects)


#: All that says "Only reads.", with what it looks at.
READING = (
    "current",
    "check",
    "status",
    "tail",
    "stream show account/ada",
    "event show 1",
    "consumers list",
    "dead list",
    "dead show balances 1",
    "outbox list",
    "snapshots list",
    "trace c",
    "verify",
    "export -",
)


@pytest.mark.databases("postgresql")
def test_looking_never_writes(bank: EventStore, shell: Shell) -> None:
    """A session that may not write answers all the same."""
    with metadata(correlation_id="c"):
        deposits(bank, ADA, 3)
    running(bank, position=3)
    given_up(Consumer(bank, "balances"), next(bank.read()), LetterStatus.DEAD)
    reader = Shell(shell.url + "?options=-c%20default_transaction_read_only%3Don")
    with EventStore(reader.url) as store, pytest.raises(Exception, match="read-only"):
        deposits(store, ADA)
    for words in READING:
        reader.run(*words.split())


def test_what_is_said_to_only_read_is_tested_so() -> None:
    """Every such command, but for those that need a program: what they call is tested so."""
    reading = {n for n, c in leaves(main, "") if "Only reads" in (c.help or "")}
    tested = {f" {words}" for words in READING}
    missing = {name for name in reading if not any(words.startswith(name) for words in tested)}
    assert {" snapshots verify", " check-deploy"} == missing
