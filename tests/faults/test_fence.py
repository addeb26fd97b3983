"""Promise 22, the test of the test: what keeps a worker from committing after its lease.

Two things do: its connection is ended, and the checkpoint moves only for the epoch that has the
lease. Each is enough where nothing is locked; without both a resumed worker doubles its page.
"""

import pytest

from sourcery import EventStore
from tests.faults.fleet import Fleet
from tests.faults.model import CALM
from tests.faults.outcome import outcome_of
from tests.faults.support import append, frozen, until_handled
from tests.faults.worker import FREEZE, Spec

pytestmark = [pytest.mark.promise(22), pytest.mark.databases("postgresql", "mariadb")]


def faults_when(shop: EventStore, fleet: Fleet, url: str, *sabotage: str) -> set[str]:
    """Freeze a worker before it has written anything, replace it, let it go on; what is wrong."""
    spec = Spec(url=url, variant="batch", categories=(CALM,), once=False, sabotage=sabotage)
    append(shop, 1, 2, FREEZE, 3, 4)
    first = frozen(fleet, spec, "before")
    second = fleet.start(spec)
    until_handled(shop, spec, append(shop, 5, 6))
    first.thaw()
    first.until_said("handled")
    until_handled(shop, spec, append(shop, 7, 8))
    first.stop()
    second.stop()
    return set(outcome_of(shop, spec.consumer, spec.categories).faults)


def test_without_fence_and_end_the_page_is_doubled(
    shop: EventStore, fleet: Fleet, url: str
) -> None:
    """Rows appear twice, sums are too high."""
    found = faults_when(shop, fleet, url, "without_fence", "without_end")
    assert {"doubled", "wrong_streams"} == found


@pytest.mark.parametrize("left_out", ["without_fence", "without_end"])
def test_one_of_them_is_enough(shop: EventStore, fleet: Fleet, url: str, left_out: str) -> None:
    """In the same scene."""
    assert set() == faults_when(shop, fleet, url, left_out)
