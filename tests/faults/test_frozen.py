"""Promises 22 and 49, rules 20 and 21: a worker stopped past its lease, then continued.

It stops itself, at an exact moment, with SIGSTOP: a page is open, its rows are written, locks are
held. Nobody waits for it longer than its lease, and what it does when it goes on is undone.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from attrs import evolve

from sourcery import EventStore, Token
from tests.faults.fleet import Fleet, Worker
from tests.faults.harm import freeze
from tests.faults.model import CALM
from tests.faults.outcome import Outcome, outcome_of
from tests.faults.scene import faults_of, run
from tests.faults.support import DEADLINE, append, frozen, is_run_by, until_handled
from tests.faults.worker import FREEZE, Moment, Spec, Variant

pytestmark = [
    pytest.mark.promise(22),
    pytest.mark.promise(49),
    pytest.mark.databases("postgresql", "mariadb"),
]


def append_from_elsewhere(shop: EventStore) -> Token:
    """The same in a thread, which must not wait for ever."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(append, shop, 5, 6).result(DEADLINE)


def outcome(shop: EventStore, spec: Spec) -> Outcome:
    """The account in the end."""
    mirrors = spec.variant == "manager"
    return outcome_of(shop, spec.consumer, spec.categories, mirrors=mirrors)


def thaw_as_standby(shop: EventStore, spec: Spec, first: Worker, second: Worker) -> None:
    """Continue the first worker while the second works; then it must work when that one ends."""
    first.thaw()
    first.until_said("thawed")
    until_handled(shop, spec, append(shop, 7, 8, 9))
    assert ("running", "running") == (first.state, second.state)
    second.stop()
    until_handled(shop, spec, append(shop, 10, 11))
    assert is_run_by(shop, spec, first)


@pytest.mark.parametrize(
    ("variant", "moment"),
    [("batch", "before"), ("each", "handler"), ("manager", "handler"), ("manager", "commit")],
)
def test_a_frozen_worker_is_replaced_and_cannot_commit(
    shop: EventStore, fleet: Fleet, url: str, variant: Variant, moment: Moment
) -> None:
    """Its rows, its floor or counter row, and its lease are free; later it is a standby."""
    spec = Spec(url=url, variant=variant, categories=(CALM,))
    append(shop, 1, 2, FREEZE, 3, 4)
    first = frozen(fleet, spec, moment)
    second = fleet.start(spec)
    until_handled(shop, spec, append_from_elsewhere(shop))
    thaw_as_standby(shop, spec, first, second)
    assert {} == outcome(shop, spec).faults


def test_frozen_while_it_renews_it_is_replaced_too(
    shop: EventStore, fleet: Fleet, url: str
) -> None:
    """The connection of the heartbeat has written the row and not committed."""
    spec = Spec(url=url)
    append(shop, 1, 2, FREEZE, 3, 4)
    first = frozen(fleet, spec, "renew")
    second = fleet.start(spec)
    until_handled(shop, spec, append_from_elsewhere(shop))
    thaw_as_standby(shop, spec, first, second)
    assert {} == outcome(shop, spec).faults


@pytest.mark.parametrize("moment", ["take", "want"])
def test_a_standby_frozen_while_it_claims_stops_nobody(
    shop: EventStore, fleet: Fleet, url: str, moment: Moment
) -> None:
    """It has written the row of a shard that another one runs, or that nobody runs any more."""
    spec = Spec(url=url)
    second = fleet.start(spec)
    until_handled(shop, spec, append(shop, 1, 2, 3))
    if moment == "take":
        second.kill()
    first = frozen(fleet, spec, moment)
    if moment == "take":
        second.restart()
    until_handled(shop, spec, append_from_elsewhere(shop))
    thaw_as_standby(shop, spec, first, second)
    assert {} == outcome(shop, spec).faults


def test_frozen_at_random_nothing_is_lost_or_doubled(url: str) -> None:
    """Under load, each consumer with two workers, of which one or the other freezes."""
    batch = Spec(url=url, consumer="batch", variant="batch", page=20)
    manager = evolve(batch, consumer="manager", variant="manager", categories=(CALM,))
    assert {} == faults_of(run(url, [batch, batch, manager, manager], partial(freeze, times=6)))
