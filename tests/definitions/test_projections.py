"""Projection classes: what is refused where they are declared, and what an instance keeps."""

import copy
import pickle
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs
import pytest
from attrs import define, field, frozen

from sourcery import Projection, Recorded
from sourcery.errors import DefinitionError, InvalidArgument, InvalidName
from sourcery.projecting import begin, fold
from sourcery.projection import check_copies, projection_type
from sourcery.testing import recorded
from tests.domain import AccountEvent, Deposited, Opened

E = TypeVar("E")


class Applies(Projection[AccountEvent], name="applies"):
    """A base whose subclasses need no `apply` of their own."""

    def apply(self, recorded: Recorded[AccountEvent]) -> None:
        """Do nothing."""


@define
class Balances(Projection[AccountEvent], name="balances"):
    """A single one, with a state that could be shared by mistake."""

    by_account: dict[str, list[int]] = field(factory=dict)

    def apply(self, recorded: Recorded[AccountEvent]) -> None:
        """Evolve."""
        if isinstance(recorded.event, Deposited):
            self.by_account.setdefault(recorded.stream.id, []).append(recorded.event.amount)


@define
class Card(Applies, name="card", categories=["account"], per="stream"):
    """One for each account."""


@define
class Rich(Applies, name="rich"):
    """One for each amount, which only Python can tell."""

    def concerns(self, recorded: Recorded[AccountEvent]) -> bool:
        """Select."""
        return isinstance(recorded.event, Deposited) and str(recorded.event.amount) == self.id


def test_everything_is_declared_in_the_class_statement() -> None:
    """And nowhere else."""
    declared = [attrs.astuple(projection_type(cls))[:-1] for cls in (Balances, Card, Rich)]
    events = projection_type(Applies).classes
    assert [
        ("balances", events, (), False, False),
        ("card", events, ("account",), True, True),
        ("rich", events, (), False, True),
    ] == declared


def test_a_missing_name_is_refused() -> None:
    """Also of a subclass, and of a generic base that declares anything else."""
    with pytest.raises(DefinitionError, match=r"Heir: has no name: write class Heir\(Projection\["):

        class Heir(Applies):
            pass

    with pytest.raises(DefinitionError, match="Base: has no name"):

        class Base(Projection[E], Generic[E], categories=["account"]):
            pass


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param({"name": ""}, "name '' must not be empty", id="empty"),
        pytest.param({"name": 5}, "must be a string, not int", id="number"),
        pytest.param({"name": "a" * 101}, "has 101 characters; at most 100", id="long"),
        pytest.param({"name": "a", "categories": "account"}, r"several: .*\['account'\]", id="one"),
        pytest.param({"name": "a", "categories": [""]}, "category '' must not be", id="category"),
        pytest.param({"name": "a", "per": "day"}, "per is 'stream' or left out", id="per"),
        pytest.param({"name": "a", "per": "stream"}, "needs the streams' categories", id="all"),
    ],
)
def test_a_class_argument_that_cannot_work_is_refused(
    arguments: dict[str, Any], problem: str
) -> None:
    """With what to write instead."""
    with pytest.raises(DefinitionError, match=problem):
        type("Balances", (Applies,), {}, **arguments)


def test_an_unknown_class_argument_is_refused() -> None:
    """By Python itself: a misspelt one must not be lost."""
    with pytest.raises(TypeError, match=r"takes no keyword arguments"):
        type("Balances", (Applies,), {}, name="balances", catgeories=["account"])


def test_missing_events_and_a_missing_apply_are_refused() -> None:
    """As of an aggregate."""
    with pytest.raises(DefinitionError, match=r"say its events: Projection\[Opened \| Deposited\]"):
        type("Empty", (Projection,), {}, name="empty")
    with pytest.raises(DefinitionError, match=r"has no method apply\(self, recorded\)"):

        class Silent(Projection[AccountEvent], name="silent"):
            pass


TAKEN = ["id", "position", "apply", "concerns", "_id", "_position", "_declared"]


@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("name", TAKEN)
def test_a_field_of_a_taken_name_is_refused(name: str, *, slots: bool) -> None:
    """It would hide the projection's own."""
    with pytest.raises(DefinitionError, match=f"'{name}' hides the projection's own {name}"):

        @define(these={name: field(default=0)}, slots=slots)
        class Balances(Applies, name="balances"):
            pass


@pytest.mark.parametrize("name", ["id", "position"])
def test_a_property_of_a_taken_name_is_refused(name: str) -> None:
    """A live projection sets them."""
    with pytest.raises(DefinitionError, match=f"'{name}' hides the projection's own {name}"):
        type("Balances", (Applies,), {name: property(lambda self: 5)}, name="balances")


def test_a_field_without_default_is_refused() -> None:
    """A projection begins empty."""
    with pytest.raises(DefinitionError, match="'total' needs a default: a projection begins empty"):

        @define
        class Balances(Applies, name="balances"):
            total: int


def test_a_projection_that_cannot_change_is_refused() -> None:
    """Events are frozen, what they change is not."""
    with pytest.raises(DefinitionError, match=r"a projection changes: use attrs\.define"):

        @frozen
        class Balances(Applies, name="balances"):
            total: int = 0


def test_a_class_that_attrs_did_not_make_is_refused_when_used() -> None:
    """Nothing can tell before that no decorator follows."""

    class Balances(define(Applies), name="balances"):
        total: int = 0

    with pytest.raises(DefinitionError, match=r"not an attrs class: decorate it with @define"):
        begin(Balances)


def test_a_base_is_not_to_be_used() -> None:
    """It has no name; something else is no projection at all."""

    @define
    class Base(Projection[E]):
        def apply(self, recorded: Recorded[E]) -> None:
            pass

    with pytest.raises(DefinitionError, match="is only a base: subclass it with name="):
        begin(Base)
    with pytest.raises(DefinitionError, match="is not a Projection"):
        begin(Opened)


def test_a_generic_base_passes_its_events_on() -> None:
    """And its fields."""

    @define
    class Counting(Projection[E]):
        count: int = 0

        def apply(self, recorded: Recorded[E]) -> None:
            self.count += 1

    @define
    class Counted(Counting[Opened | Deposited], name="counted"):
        pass

    assert (Opened, Deposited) == projection_type(Counted).classes
    assert 1 == fold(begin(Counted), [recorded(Opened("Ada"))], 1)[0].count


def test_a_state_that_cannot_be_copied_is_refused() -> None:
    """By the name of its field; where only the first use can tell, then."""
    with pytest.raises(DefinitionError, match=r"Locked: cannot be copied.*\(fields: 'lock'\)"):

        @define
        class Locked(Applies, name="locked"):
            total: int = 0
            lock: Any = field(factory=Lock)

    makers: list[Any] = []

    @define
    class Later(Applies, name="later"):
        lock: Any = field(factory=lambda: next(iter(makers))())  # noqa: PLW0108 - not made yet

    makers.append(Lock)
    with pytest.raises(DefinitionError, match="fields: 'lock'"):
        check_copies(begin(Later))


@pytest.mark.parametrize(
    ("given", "text"), [("ada", "ada"), (5, "5"), (UUID(int=5), str(UUID(int=5)))]
)
def test_an_id_is_kept_as_text(given: Any, text: str) -> None:
    """`1` and `"1"` are one instance."""
    assert text == begin(Card, given).id
    assert text == begin(Rich, given).id


def test_an_id_is_asked_for_exactly_where_there_are_instances() -> None:
    """A single projection takes none."""
    assert "" == begin(Balances).id
    with pytest.raises(InvalidArgument, match="id: Balances is a single projection"):
        begin(Balances, "ada")
    for cls in (Card, Rich):
        with pytest.raises(InvalidArgument, match="has instances"):
            begin(cls)


@pytest.mark.parametrize("id", [None, 1.5, True, "a" * 256, "a\0"])
def test_an_id_that_cannot_be_stored_is_refused(id: Any) -> None:
    """As a stream id."""
    with pytest.raises(InvalidName, match="projection id"):
        begin(Card, id)


@pytest.mark.parametrize("slots", [True, False])
def test_a_copy_keeps_its_place(*, slots: bool) -> None:
    """Attrs knows nothing of instance and position."""
    local = define(slots=slots)(type("Local", (Applies,), {}, name="local", **PER_STREAM))
    state, _ = fold(begin(local, "ada"), [recorded(Opened("Ada"))], 7)
    for twin in (copy.copy(state), copy.deepcopy(state)):
        assert ("ada", 7) == (twin.id, twin.position)


PER_STREAM: dict[str, Any] = {"categories": ["account"], "per": "stream"}


def test_a_state_survives_pickling() -> None:
    """To be handed to another process."""
    state, _ = fold(begin(Card, "ada"), [], 7)
    twin = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own
    assert (state, "ada", 7) == (twin, twin.id, twin.position)


def test_folding_leaves_the_old_state_alone() -> None:
    """Nested values too; without an event that concerns it nothing is copied deep."""
    first, _ = fold(begin(Balances), [recorded(Deposited(1))], 1)
    second, applied = fold(first, [recorded(Deposited(2)), recorded(Deposited(3))], 5)
    assert ({"1": [1]}, 1) == (first.by_account, first.position)
    assert ({"1": [1, 2, 3]}, 5, 2) == (second.by_account, second.position, len(applied))
    third, applied = fold(second, [], 9)
    assert (5, 9, []) == (second.position, third.position, applied)
    assert third.by_account is second.by_account


def test_only_what_concerns_an_instance_is_folded_in() -> None:
    """The others move its position alone."""
    events = [recorded(Deposited(n)) for n in (5, 6, 5)]
    state, applied = fold(begin(Rich, 5), events, 3)
    assert ([events[0], events[2]], 3) == (applied, state.position)
