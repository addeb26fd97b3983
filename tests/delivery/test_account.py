"""The tests of the tests: with a rule of the relay switched off, the account finds it."""

from pathlib import Path

import pytest
from attrs import evolve

from sourcery import EventStore, UnitOfWork
from tests.delivery.process import Spec
from tests.delivery.target import FileTarget
from tests.faults.fleet import Fleet
from tests.ordering.support import wait_until
from tests.relay.account import Account, Line
from tests.relay.support import all_passed

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(38)]

MESSAGES, KEYS = 100, 5


def written(store: EventStore, topic: str) -> dict[str, list[int]]:
    """Messages of some keys in turn, in one transaction; their numbers by key."""
    with UnitOfWork(store) as uow:
        for number in range(MESSAGES):
            uow.publish(topic, key=f"k{number % KEYS}", payload={"n": number})
    return {f"k{key}": list(range(key, MESSAGES, KEYS)) for key in range(KEYS)}


def faults_of(store: EventStore, url: str, fleet: Fleet, path: Path, **settings: object) -> object:
    """What is wrong when a relay has sent all; one that ends begins anew, and ends no more."""
    target = FileTarget(path / "messages.jsonl")
    committed = written(store, target.topic)
    spec = Spec(url=url, to=target.to, topic=target.topic, shards=1, page=20, **settings)
    relay = fleet.start(spec)
    name, last = f"relay:{target.topic}", store.now().last

    def is_over() -> bool:
        if not relay.is_alive:
            relay.spec = evolve(spec, dies_in=None)
            relay.restart()
        return all_passed(store, spec.shards, last, name)

    wait_until(is_over, 60.0)
    relay.stop()
    return set(target.account().faults(committed))


@pytest.mark.promise(49)
@pytest.mark.parametrize(("sabotage", "faults"), [((), set()), (("waves",), {"disordered"})])
def test_rule_32_without_waves_a_pipeline_turns_messages_around(
    store: EventStore,
    url: str,
    fleet: Fleet,
    tmp_path: Path,
    sabotage: tuple[str, ...],
    faults: set[str],
) -> None:
    """A publisher that sends the last of a batch first: with waves it does no harm."""
    settings = {"reverses": True, "sabotage": sabotage}
    assert faults == faults_of(store, url, fleet, tmp_path, **settings)


@pytest.mark.parametrize(("sabotage", "faults"), [((), set()), (("checkpoint first",), {"lost"})])
def test_a_checkpoint_that_is_written_first_loses_messages(
    store: EventStore,
    url: str,
    fleet: Fleet,
    tmp_path: Path,
    sabotage: tuple[str, ...],
    faults: set[str],
) -> None:
    """The relay ends in the middle of its third batch."""
    settings = {"dies_in": 3, "sabotage": sabotage}
    assert faults == faults_of(store, url, fleet, tmp_path, **settings)


def line(key: str, number: int, message_id: str = "") -> Line:
    """One that arrived."""
    return Line("t", key, number, message_id or f"{number}")


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([line("a", 1), line("a", 2), line("b", 3)], {}),
        ([line("a", 1), line("b", 3), line("a", 1), line("a", 2), line("a", 1)], {}),
        ([line("a", 1), line("b", 3)], {"lost": [("a", 2)]}),
        ([line("a", 2), line("a", 1), line("b", 3)], {"disordered": ["a"]}),
        ([line("a", 1), line("a", 2), line("b", 3), line("b", 4)], {"invented": [("b", 4)]}),
        ([line("a", 1), line("a", 2), line("b", 3), line("b", 3, "x")], {"renamed": [("b", 3)]}),
    ],
    ids=["nothing", "nothing but repeats", "lost", "disordered", "invented", "renamed"],
)
def test_an_account_tells_what_is_wrong(lines: list[Line], faults: dict[str, object]) -> None:
    """Of messages 1 and 2 of a key, and 3 of another."""
    assert faults == Account(lines).faults({"a": [1, 2], "b": [3]})
