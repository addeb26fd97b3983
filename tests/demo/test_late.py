"""The messages about late arrivals: which there are, where they go, and how they are checked."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from examples.flights.__main__ import AGREED, main
from examples.flights.events import Arrived
from examples.flights.late import TOPIC, LateArrival, announce, at_broker, beside, send_late
from examples.flights.process import process_of
from examples.flights.received import IN_FILE, IN_OUTBOX, Message, by_file
from examples.flights.waiting import wait_for
from sourcery import Consumer, EventStore, Outgoing, Stream
from tests.brokers.webhooks import Webhooks
from tests.databases import Database
from tests.databases.process import free_port
from tests.demo.conftest import at

AIRCRAFT = Stream("aircraft", "N12345")
#: Late arrivals of the first day.
MONDAY = 71


@pytest.fixture
def imported(database: Database, monday: Path) -> list[str]:
    """The options of a run over the first day that has ended well."""
    url = database.url.render_as_string(hide_password=False)
    options = ["--database", url, "--flights", str(monday)]
    assert 0 == main(options)
    return options


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    """A receiver of webhooks."""
    receiver = Webhooks()
    receiver.start()
    yield receiver
    receiver.remove()


def messages_of(options: list[str]) -> Path:
    """The file that a run without `--broker` sends to."""
    file = beside(options[1]).file
    assert file is not None
    return file


@pytest.mark.parametrize(("minutes", "sent"), [(-5, False), (60, False), (61, True)])
def test_an_arrival_more_than_an_hour_late_is_announced(minutes: int, *, sent: bool) -> None:
    """Its message is keyed by the aircraft."""
    late = LateArrival("DL1", "N12345", at(13, 1), minutes)
    expected = Outgoing(TOPIC, late, key="N12345") if sent else None
    assert expected == announce(Arrived("DL1", at(13, 1), minutes), AIRCRAFT)


@pytest.mark.promise(37)
@pytest.mark.promise(38)
def test_the_messages_of_an_aircraft_arrive_as_it_flew(imported: list[str]) -> None:
    """Each late arrival of the day once, and those of a key in order of time."""
    lines = list(map(json.loads, messages_of(imported).read_text().splitlines()))
    payloads = [json.loads(line["payload"]) for line in lines]
    assert MONDAY == len({payload["flight"] for payload in payloads}) == len(lines)
    assert [line["key"] for line in lines] == [payload["aircraft"] for payload in payloads]
    in_time = sorted(payloads, key=lambda payload: payload["at"])
    by_aircraft = partial(sorted, key=lambda payload: payload["aircraft"])  # stable
    assert by_aircraft(in_time) == by_aircraft(payloads)


@pytest.mark.databases("sqlite")
def test_what_is_sent_twice_is_counted(
    imported: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It has the id of the first, so it does no harm."""
    with EventStore(imported[1]) as store:
        Consumer(store, "relay:late-arrivals").rewind(0)
    assert 0 == main(imported)
    shown = capsys.readouterr().out
    assert f"{MONDAY} late arrivals in {messages_of(imported).name}, {MONDAY} duplicates" in shown
    assert AGREED in shown
    assert IN_FILE in shown


@pytest.mark.databases("sqlite")
def test_a_lost_message_is_noticed(imported: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line less, and the exit status is 1 and the flight is named."""
    file = messages_of(imported)
    first, *rest = file.read_text().splitlines(keepends=True)
    file.write_text("".join(rest))
    assert 1 == main(imported)
    flight = json.loads(json.loads(first)["payload"])["flight"]
    assert f"DIFFERENT late arrivals without a message: 1, the first is {flight}" in (
        capsys.readouterr().out
    )


@pytest.mark.databases("sqlite")
def test_a_new_database_leaves_the_lines_of_the_old_alone(imported: list[str]) -> None:
    """A store looks for its own messages only."""
    database = Path(imported[1].removeprefix("sqlite:///"))
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    assert 0 == main(imported)
    assert 2 * MONDAY == len(messages_of(imported).read_text().splitlines())


def test_messages_of_no_late_arrival_and_out_of_order_are_noticed() -> None:
    """The repeat of the first message is neither."""
    late = [("DL1", 70), ("DL2", 80)]
    lines = [Message(str(n), "N1", n, ("DL" + str(n), 60 + 10 * n)) for n in (3, 2, 1, 3)]
    received = by_file(late, lines, "late.jsonl")
    assert "3 late arrivals in late.jsonl, 1 duplicates" == received.summary
    assert (
        "messages of no late arrival: 1, the first is DL3, 90 minutes late",
        "the messages of N1 are out of order",
    ) == received.problems


def test_another_broker_is_sent_everything_too(
    imported: list[str], webhooks: Webhooks, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its relay has a checkpoint of its own."""
    for _ in "ab":
        assert 0 == main([*imported, "--broker", webhooks.url()])
        shown = capsys.readouterr().out
        assert f"{MONDAY} late arrivals sent to the broker" in shown
        assert IN_OUTBOX in shown
        assert MONDAY == len(webhooks.lines())


@pytest.mark.databases("sqlite")
def test_a_message_that_is_refused_is_named(
    imported: list[str], webhooks: Webhooks, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1, and what to do is said."""
    assert 1 == main([*imported, "--broker", f"{webhooks.url()}/status/400"])
    shown = capsys.readouterr().out
    assert "consumer 'http:late-arrivals'" in shown
    assert "retry() for its dead letters" in shown


@pytest.mark.databases("sqlite")
def test_a_broker_that_is_not_there_is_not_waited_for_forever(imported: list[str]) -> None:
    """The messages stay in the outbox; the next run goes on."""
    nowhere = at_broker(f"http://127.0.0.1:{free_port()}")
    work = partial(send_late, imported[1], nowhere)
    with EventStore(imported[1]) as store, process_of(nowhere.consumer, work) as relay:
        problem = wait_for(store, store.now(), relay, lambda: None, patience=0.0)
    assert problem is not None
    assert "the broker is unreachable" in problem
    assert problem.endswith("Run this again: it goes on.")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("pigeon://user:s3cr3t@roof", "has no publisher for 'pigeon' URLs"),
        ("roof", "begins with a scheme"),
    ],
)
def test_an_unknown_broker_is_refused(
    url: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 2, before anything is imported or sent."""
    with pytest.raises(SystemExit) as exit:
        main(["--broker", url])
    error = capsys.readouterr().err
    assert 2 == exit.value.code
    assert problem in error
    assert "s3cr3t" not in error
    assert not Path("flights.db").exists()
