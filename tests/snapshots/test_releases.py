"""Rule 36: two releases side by side keep a snapshot each, and none undoes the other's."""

from typing import Any

import pytest

from sourcery import EventStore, every, never
from tests.snapshots.domain import counting, rows, tally, work

pytestmark = pytest.mark.promise(49)


@pytest.fixture
def both() -> tuple[Any, Any]:
    """The old release, and the new one that says its state is another."""
    return tally(every(2)), tally(every(2), version=2)


def test_rule_36_both_keep_theirs(store: EventStore, both: tuple[Any, Any]) -> None:
    """The tag is part of the key."""
    for cls in (*both, *both):
        work(store, cls, 1, 1)
    assert [("1-", 6), ("2-", 8)] == [
        (tag[:2], v) for tag, v in rows(store, "schema_tag", "version")
    ]


def test_rule_36_each_begins_at_its_own(store: EventStore, both: tuple[Any, Any]) -> None:
    """A rolling deployment does not replay everything at each turn."""
    work(store, both[0], 1, 1)
    work(store, both[1], 1, 1)
    counted = counting(store)
    assert [5, 6] == [work(store, cls, 1).version for cls in both]
    assert 2 == counted.unpacked


def test_rule_36_another_version_is_another_tag(store: EventStore, both: tuple[Any, Any]) -> None:
    """Of one shape both have one fingerprint, and it is the same in each process."""
    for cls in both:
        work(store, cls, 1, 1)
    assert [["1", "2"], 1] == [
        [tag.partition("-")[0] for (tag,) in rows(store, "schema_tag")],
        len({tag.partition("-")[2] for (tag,) in rows(store, "schema_tag")}),
    ]
    assert 4 == store.load(tally(never()), "t").version
