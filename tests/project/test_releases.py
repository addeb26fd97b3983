"""Two releases of one projection side by side: each has a snapshot of its own."""

from typing import Any

import pytest
from attrs import define, field

from sourcery import EventStore, Projection, Recorded, always
from tests.domain import ORDER, Remarked
from tests.domain import append as append_events
from tests.live.projections import History
from tests.ordering.happened import Happened
from tests.ordering.support import append
from tests.project.support import Kept, append_to, stored, warnings

pytestmark = pytest.mark.promise(35)


def released(cls: type[Any]) -> type[Any]:
    """Let a class pass for the next release of `Kept`: its name and fields are the same."""
    cls.__qualname__ = Kept.__qualname__
    return cls


@released
@define
class Wider(Projection[Happened | Remarked], name="kept", snapshot=always()):
    """It counts another kind as well."""

    positions: list[int] = field(factory=list)
    versions: dict[str, int] = field(factory=dict)

    def apply(self, recorded: Recorded[Happened | Remarked]) -> None:
        """Evolve."""
        self.positions.append(recorded.position)


@released
@define
class Narrower(History, name="kept", categories=["thing"], snapshot=always()):
    """Only things."""


@released
@define
class Raised(History, name="kept", snapshot=always(), snapshot_version=2):
    """Its `apply` was changed."""


@pytest.mark.parametrize(
    ("release", "expected"),
    [(Wider, [1, 2, 3, 4]), (Narrower, [1, 4]), (Raised, [1, 2, 4])],
)
def test_another_release_begins_anew(
    store: EventStore,
    release: type[History],
    expected: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With more kinds, other categories or another version; the old one keeps its own."""
    append(store)
    append_to(store, "other", 1)
    append_events(store, ORDER, [Remarked("of a kind that Kept does not know")])
    append(store)
    assert [1, 2, 4] == store.project(Kept).positions
    for _ in range(2):
        assert expected == store.project(release).positions
    assert 2 == len({one.tag for one in stored(store)})
    assert 1 == len(warnings(caplog))
    assert [1, 2, 4] == store.project(Kept).positions
