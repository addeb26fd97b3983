"""Rule 36: two releases side by side keep a snapshot each, and none undoes the other's."""

from typing import Any

import pytest
from attrs import define, field

from sourcery import Aggregate, EventStore, every, never
from sourcery.snapshots import sql
from tests.snapshots.domain import Added, Cleared, TallyEvent, counting, rows, tally, work

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


def summing(events: Any) -> type[Any]:
    """Classes of one name and shape, folded from these events."""

    @define
    class Summing(Aggregate[events], category="tally", snapshot=every(1)):
        seen: list[str] = field(factory=list)

        def apply(self, event: TallyEvent) -> None:
            self.seen.append(type(event).__name__)

    return Summing


def test_rule_36_a_release_that_knows_more_kinds_has_another_tag(store: EventStore) -> None:
    """A state without the events of a kind is not one with them."""
    work(store, tally(), 1, Cleared())
    for events, seen in ((Added, ["Added"]), (TallyEvent, ["Added", "Cleared"])):
        work(store, summing(events))
        assert seen == store.load(summing(events), "t").seen


def test_rule_36_the_state_of_another_release_is_not_even_read(
    store: EventStore, both: tuple[Any, Any]
) -> None:
    """A rolling deployment does not pay for two."""
    for cls in both:
        work(store, cls, 1, 1)
    key = store.keeper.slot(both[0]).key("t")
    with store.database.reading() as connection:
        found = sql._FIND.run(connection, sql._place(key)).all()
    assert {("1", False), ("2", True)} == {(row[0][0], row[4] is None) for row in found}
