"""`verify`, `check-deploy`, `trace`, `rebuild`."""

import pytest
from sqlalchemy import inspect, update

from sourcery import EventStore, UnitOfWork, metadata
from sourcery.cli.trace import tree
from sourcery.schema import events
from sourcery.upkeep import trace
from tests.cli import program
from tests.cli.support import HOSTILE, Shell, is_harmless
from tests.control.support import deposits
from tests.domain import ADA, BOB, Deposited, append
from tests.read_models.support import first, held
from tests.upkeep.test_checking import damage

PROGRAM = "tests.cli.program"


@pytest.fixture
def app(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs commands with the program's store, by the name that is asked for."""
    monkeypatch.setenv(program.URL, shell.url)
    monkeypatch.setenv("SOURCERY_APP", f"{PROGRAM}:store")
    return Shell("")


def test_a_whole_log_is_verified(bank: EventStore, app: Shell, shell: Shell) -> None:
    """By the program's classes, or as JSON alone."""
    deposits(bank, ADA, 3)
    for one in (app, shell):
        assert "3 events are as they should be" in one.text("verify")
        assert {"events": 3, "counts": {}, "undeclared": {}, "problems": []} == one.json("verify")


def test_what_is_wrong_is_listed(bank: EventStore, app: Shell, shell: Shell) -> None:
    """With exit status 1; a hostile stream is written out."""
    deposits(bank, HOSTILE)
    with bank.engine.begin() as connection:
        connection.execute(update(events).values(version=2))
    damage(bank, 1, "data", '{"amount":"x"}')
    result = app.run("verify", code=1)
    assert is_harmless(result.output)
    assert "gap" in result.stdout
    assert "something is wrong with gap: 1, undecodable: 1" in result.stderr
    assert ["gap"] == [p["what"] for p in shell.json("verify", code=1)["problems"]]


def test_kinds_without_a_class_are_named(bank: EventStore, app: Shell) -> None:
    """They are no error."""
    deposits(bank, ADA)
    with bank.engine.begin() as connection:
        connection.execute(update(events).values(kind="account.gone"))
    assert "kind account.gone: no class reads its 1 events" in app.text("verify")


def test_a_deployment_that_can_go(bank: EventStore, app: Shell) -> None:
    """All kinds can be read, and the subscriber fits."""
    deposits(bank, ADA, 3)
    program.audit().drain()
    answer = app.json("check-deploy", f"{PROGRAM}:audit")
    [kind], [consumer] = answer["kinds"], answer["consumers"]
    assert (0, "account.deposited", 3, 3, "ok") == (
        answer["status"],
        kind["kind"],
        kind["events"],
        kind["sampled"],
        kind["result"],
    )
    assert {"consumer": "audit", "fits": True, "result": "ok"} == consumer
    assert "audit" in app.text("check-deploy", f"{PROGRAM}:audit")


def test_a_deployment_that_cannot_read_its_past(bank: EventStore, app: Shell) -> None:
    """The kind, version, position and path are named."""
    deposits(bank, ADA)
    words = ("check-deploy", "--app", f"{PROGRAM}:broken")
    assert "at position 1 ('account.deposited' version 1) cannot be read" in app.text(
        *words, code=1
    )


def test_a_deployment_that_no_longer_reads_a_kind(bank: EventStore, app: Shell) -> None:
    """A typo would make aggregates decide without its events, unless it is no typo."""
    deposits(bank, ADA)
    with bank.engine.begin() as connection:
        connection.execute(update(events).values(kind="account.gone"))
    assert "or say --unread account.gone" in app.text("check-deploy", code=1)
    assert "as is meant" in app.text("check-deploy", "--unread", "account.gone")


def test_a_deployment_whose_subscriber_does_not_fit(bank: EventStore, app: Shell) -> None:
    """As it would find out when it starts."""
    program.audit().drain()
    text = app.text("check-deploy", f"{PROGRAM}:audit_sharded", code=1)
    assert "is stored with shards 1" in text


def test_read_models_that_must_be_built_are_told(bank: EventStore, app: Shell) -> None:
    """With how long it will take, by a build that is thrown away; another exit status."""
    deposits(bank, ADA, 20)
    words = ("check-deploy", f"{PROGRAM}:balances")
    [model] = app.json(*words, code=3)["read_models"]
    assert (True, None) == (model["needs_build"], model["build_takes"])
    [model] = app.json(*words, "--measure", 20, code=3)["read_models"]
    assert model["build_takes"].endswith(" s")
    assert not [name for name in inspect(bank.engine).get_table_names() if "balances" in name]
    program.balances().build()
    assert not app.json(*words)["read_models"][0]["needs_build"]


def test_what_is_no_worker_is_a_wrong_call(bank: EventStore, app: Shell) -> None:
    """And so is what is no read model."""
    assert "is no Subscriber" in app.error("check-deploy", f"{PROGRAM}:URL", code=2)
    assert "is not one ReadModel" in app.error("rebuild", f"{PROGRAM}:audit", code=2)


def test_a_read_model_is_built_and_given_to_readers(bank: EventStore, app: Shell) -> None:
    """After it was asked for; a build alone asks nothing."""
    deposits(bank, ADA, 3)
    assert "balances version 1 is built up to position 3" in app.text(
        "rebuild", f"{PROGRAM}:balances"
    )
    words = ("rebuild", f"{PROGRAM}:balances_next", "--switch")
    said = app.run("rebuild", f"{PROGRAM}:balances", "--switch", input="n\n", code=1).stderr
    assert "build balances version 1, then give it to readers instead of nobody" in said
    app.run("rebuild", f"{PROGRAM}:balances", "--switch", "--yes")
    assert "instead of version 1" in app.run(*words, "--yes").stderr
    assert 2 == program.balances_next().standing().serving
    assert {"ada": 3} == held(bank, first(bank))


def test_a_build_that_fails_says_why(bank: EventStore, app: Shell) -> None:
    """With the handler's error."""
    deposits(bank, ADA)
    assert "the handler says no" in app.error("rebuild", f"{PROGRAM}:failing")


def test_a_correlation_is_shown_as_a_tree(bank: EventStore, shell: Shell) -> None:
    """Each below its cause, messages among them."""
    append(bank, ADA, [Deposited(1)])
    root = str(next(bank.read()).event_id)
    with metadata(correlation_id=root, causation_id=root), UnitOfWork(bank) as uow:
        uow.append(BOB, [Deposited(2)])
        uow.publish("payments", key="bob", payload=2)
    first, second, third = shell.text("trace", root).splitlines()
    assert first.startswith("1 ")
    assert second.startswith("  2 ")
    assert third.endswith("message payments bob")
    assert [None, root, root] == [one["causation_id"] for one in shell.json("trace", root)]
    assert "nothing is of correlation 'x'" in shell.error("trace", "x")


def test_causes_that_go_round_are_shown_once(bank: EventStore) -> None:
    """Ids come from outside, and an event may name itself or what comes later."""
    for stream in (ADA, BOB):
        with metadata(correlation_id="c"):
            append(bank, stream, [Deposited(1)])
    ids = [str(recorded.event_id) for recorded in bank.read()]
    for position, cause in ((1, ids[1]), (2, ids[0])):
        damage(bank, position, "metadata", f'{{"correlation_id":"c","causation_id":"{cause}"}}')
    assert [(0, 1), (1, 2)] == [(depth, one.position) for depth, one in tree(trace(bank, "c"))]
