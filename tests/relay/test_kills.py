"""Relays in processes of their own, killed and frozen at random under load: promises 38 and 41.

`SOURCERY_KILLS=18 pytest tests/relay/test_kills.py` kills so many each time; a plain run fewer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from sourcery import EventStore, UnitOfWork
from tests.databases import Database
from tests.faults.conftest import fleet
from tests.faults.fleet import Fleet, Worker
from tests.ordering.support import wait_until
from tests.relay.ledger import Ledger
from tests.relay.process import Spec
from tests.relay.support import all_passed, has_rows, letter_facts
from tests.relay.writer import Writer

__all__ = ["fleet"]

KILLS = int(os.environ.get("SOURCERY_KILLS", "8"))
FREEZES = 4
DEADLINE = 60.0


@pytest.fixture
def url(database: Database) -> str:
    """The test's database, as users name it."""
    return database.url.render_as_string(hide_password=False)


@contextmanager
def under_load(
    store: EventStore, fleet: Fleet, spec: Spec, ledger: Ledger
) -> Iterator[list[Worker]]:
    """Two relays at work; at the end all that was committed has left, and is right."""
    with Writer(store) as writer:
        relays = [fleet.start(spec), fleet.start(spec)]
        yield relays
    last = store.now().last
    wait_until(lambda: all_passed(store, spec.shards, last), DEADLINE)
    for relay in relays:
        relay.stop()
    ledger.read().check(writer.committed)


def until_more(ledger: Ledger) -> None:
    """Wait until messages have left since."""
    before = len(ledger.read().lines)
    wait_until(lambda: len(ledger.read().lines) > before + 5, DEADLINE)


@pytest.mark.promise(38)
@pytest.mark.parametrize("shards", [1, 3])
def test_kills_lose_nothing_and_keep_the_order(
    store: EventStore, url: str, fleet: Fleet, tmp_path: Path, shards: int
) -> None:
    """`kill -9` at random moments; the same messages come again with the same ids."""
    ledger, random = Ledger(path=tmp_path / "sent"), Random(shards)
    spec = Spec(url=url, path=str(ledger.path), shards=shards)
    with under_load(store, fleet, spec, ledger) as relays:
        for _ in range(KILLS):
            until_more(ledger)
            victim = random.choice(relays)
            victim.kill()
            victim.restart()


@pytest.mark.promise(41)
@pytest.mark.databases("postgresql", "mariadb")  # on SQLite a frozen process may keep the one lock
def test_frozen_relays_are_replaced_and_repeat_at_most(
    store: EventStore, url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """Stopped past their lease and continued: no first delivery is out of order."""
    ledger, random = Ledger(path=tmp_path / "sent"), Random(3)
    spec = Spec(url=url, path=str(ledger.path), shards=2)
    with under_load(store, fleet, spec, ledger) as relays:
        for _ in range(FREEZES):
            until_more(ledger)
            victim = random.choice(relays)
            victim.freeze()
            for _ in range(4):
                until_more(ledger)
            victim.thaw()


@pytest.mark.promise(27)
def test_a_message_that_kills_the_process_is_parked(
    store: EventStore, url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """Each attempt is stored before it is sent; others go on."""
    ledger = Ledger(path=tmp_path / "sent")
    spec = Spec(url=url, path=str(ledger.path), retries=1, deadly=3)
    with UnitOfWork(store) as uow:
        for number in range(6):
            uow.publish("payments", key=f"k{number}", payload={"n": number})
    relay = fleet.start(spec)
    while not (has_rows(store) and letter_facts(store)):
        if not relay.is_alive:
            relay.restart()
    wait_until(lambda: 5 == len(ledger.read().firsts))
    relay.stop()
    assert [("payments/k3", "parked", 2)] == letter_facts(store)


def left_after_a_freeze(store: EventStore, fleet: Fleet, spec: Spec) -> list[int]:
    """Numbers of one key in the order in which they were there first.

    A relay freezes when it has sent the first; its successor skips the second, which the broker
    fails for it alone, and sends the third; then the first relay goes on.
    """
    with UnitOfWork(store) as uow:
        for number in (1, 2, 3):
            uow.publish("payments", key="ada", payload={"n": number})
    frozen = fleet.start(evolve(spec, freeze=1))
    frozen.until_frozen()
    successor = fleet.start(evolve(spec, bad=(2,), sabotage=()))
    ledger = Ledger(path=Path(spec.path))
    wait_until(lambda: 3 in ledger.read().firsts.get("ada", []), DEADLINE)
    frozen.thaw()
    frozen.until_said("thawed")
    if spec.sabotage:
        wait_until(lambda: 2 in ledger.read().firsts["ada"], DEADLINE)
    frozen.stop()
    successor.stop()
    return ledger.read().firsts["ada"]


@pytest.mark.promise(41)
@pytest.mark.promise(49)
@pytest.mark.parametrize(("sabotage", "left"), [((), [1, 3]), (("lease check",), [1, 3, 2])])
def test_rule_33_a_thawed_relay_sends_nothing_new(
    store: EventStore,
    url: str,
    fleet: Fleet,
    tmp_path: Path,
    sabotage: tuple[str, ...],
    left: list[int],
) -> None:
    """And the test of the test: without a look at its lease it sends what was passed over."""
    path = str(tmp_path / "sent")
    spec = Spec(url=url, path=path, then="skip", retries=0, sabotage=sabotage)
    assert left == left_after_a_freeze(store, fleet, spec)
