"""Promise 33, where the database does not watch over ids."""

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.test_useless_snapshots import CLS, five
from tests.snapshots.domain import counting, set_in_all, work

__all__ = ["five"]

pytestmark = pytest.mark.promise(33)


def test_an_id_that_is_none_is_passed_over(five: EventStore) -> None:
    """Where the database does not watch over ids, they can be damaged like all else."""
    if five.engine.dialect.name == "postgresql":
        pytest.skip("its column holds UUIDs only")
    set_in_all(five, last_event_id="nothing")
    assert [1, 2, 3, 4, 5] == five.load(CLS, "t").amounts
    work(five, CLS, *[6] * 5)
    counted = counting(five)
    assert (45, 1) == (five.load(CLS, "t").total, counted.unpacked)
