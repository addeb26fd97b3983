"""Aggregate classes: what is refused where they are declared."""

from typing import Any

import attrs
import pytest
from attrs import define, field, frozen

from sourcery import Aggregate
from sourcery.aggregate import aggregate_type, restore
from sourcery.errors import DefinitionError
from tests.domain import AccountEvent, Deposited, Opened


class Applies(Aggregate[AccountEvent], category="applies"):
    """A base whose subclasses need no `apply` of their own."""

    def apply(self, event: AccountEvent) -> None:
        """Do nothing."""


def test_category_and_events_are_declared() -> None:
    """In the class statement, and nowhere else."""

    @define
    class Account(Aggregate[Opened | Deposited], category="account"):
        def apply(self, event: Opened | Deposited) -> None:
            pass

    assert ("account", (Opened, Deposited)) == attrs.astuple(aggregate_type(Account))[:2]


def test_a_missing_category_is_refused() -> None:
    """Also of a subclass: two classes on the same streams would be a surprise."""
    with pytest.raises(DefinitionError, match=r"Nameless: has no category: write class Nameless\("):

        class Nameless(Aggregate[AccountEvent]):
            def apply(self, event: AccountEvent) -> None:
                pass

    with pytest.raises(DefinitionError, match="Heir: has no category"):

        class Heir(Applies):
            pass


@pytest.mark.parametrize(
    ("category", "problem"),
    [
        pytest.param("", "must not be empty", id="empty"),
        pytest.param(5, "must be a string, not int", id="number"),
        pytest.param("a" * 101, "has 101 characters; at most 100", id="long"),
        pytest.param("a\0", "NUL", id="nul"),
    ],
)
def test_a_category_that_cannot_be_stored_is_refused(category: Any, problem: str) -> None:
    """As a stream would refuse it."""
    with pytest.raises(DefinitionError, match=problem):

        class Account(Applies, category=category):
            pass


def test_an_aggregate_without_events_is_refused() -> None:
    """The text shows where they go."""
    with pytest.raises(DefinitionError, match=r"say its events: Aggregate\[Opened \| Deposited\]"):

        class Empty(Aggregate, category="empty"):
            def apply(self, event: Any) -> None:
                pass


@pytest.mark.parametrize("events", [list[Opened], "Opened", None])
def test_an_aggregate_of_something_else_is_refused(events: Any) -> None:
    """A list, a name as text, nothing."""
    with pytest.raises(DefinitionError):

        class Wrong(Aggregate[events], category="wrong"):
            def apply(self, event: Any) -> None:
                pass


def test_a_missing_apply_is_refused() -> None:
    """And one that cannot be called."""
    with pytest.raises(DefinitionError, match=r"has no method apply\(self, event\)"):

        class Silent(Aggregate[AccountEvent], category="silent"):
            pass

    with pytest.raises(DefinitionError, match=r"has no method apply\(self, event\)"):

        class Text(Aggregate[AccountEvent], category="text"):
            apply = "no"


TAKEN = ["id", "version", "record", "handle", "_id", "_version", "_recorded", "_declared"]


def test_an_apply_that_could_change_nothing_is_refused() -> None:
    """Of an async method or a generator nothing runs, and one of other arguments always fails."""
    with pytest.raises(DefinitionError, match="Late: apply must be a plain method"):

        class Late(Aggregate[Deposited], category="late"):
            async def apply(self, event: Deposited) -> None:  # type: ignore[override]
                pass

    with pytest.raises(DefinitionError, match=r"Deaf: write apply\(self, event\): too many"):

        class Deaf(Aggregate[Deposited], category="deaf"):
            def apply(self) -> None:  # type: ignore[override]
                pass


@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("name", [*TAKEN, "apply"])
def test_a_field_of_a_taken_name_is_refused(name: str, *, slots: bool) -> None:
    """It would hide the aggregate's own."""
    with pytest.raises(DefinitionError, match=f"'{name}' hides the aggregate's own {name}"):

        @define(these={name: field(default=0)}, slots=slots)
        class Account(Applies, category="account"):
            pass


@pytest.mark.parametrize("name", ["id", "version"])
def test_a_property_of_a_taken_name_is_refused(name: str) -> None:
    """A unit of work asks for them."""
    with pytest.raises(DefinitionError, match=f"'{name}' hides the aggregate's own {name}"):
        type("Account", (Applies,), {name: property(lambda self: 5)}, category="account")


def test_a_field_without_default_is_refused() -> None:
    """An aggregate begins empty; a field that the constructor skips needs none."""
    with pytest.raises(DefinitionError, match="field 'balance' needs a default"):

        @define
        class Account(Applies, category="account"):
            balance: int

    @define
    class Derived(Applies, category="derived"):
        balance: int = 5
        double: int = field(init=False)

        def __attrs_post_init__(self) -> None:
            self.double = 2 * self.balance

    assert 10 == restore(Derived, "ada").double


def test_an_aggregate_that_cannot_change_is_refused() -> None:
    """Events are frozen, what they change is not."""
    with pytest.raises(DefinitionError, match=r"Account: an aggregate changes: use attrs\.define"):

        @frozen
        class Account(Applies, category="account"):
            balance: int = 0


def test_a_class_that_attrs_did_not_make_is_refused_when_used() -> None:
    """Nothing can tell before that no decorator follows; a decorated base is not enough."""

    class Account(define(Applies), category="account"):
        balance: int = 0

    with pytest.raises(DefinitionError, match=r"not an attrs class: decorate it with @define"):
        restore(Account, "ada")


@pytest.mark.parametrize("slots", [True, False])
def test_attrs_may_make_the_class_twice(*, slots: bool) -> None:
    """The second time, for slots, it passes no class arguments."""

    class Account(Applies, category="account"):
        balance: int = 0

    before, after = aggregate_type(Account), aggregate_type(define(slots=slots)(Account))
    assert "account" == after.category
    assert before == after


def test_an_unknown_class_argument_is_refused() -> None:
    """By Python itself: a misspelt one must not be lost."""
    with pytest.raises(TypeError, match=r"takes no keyword arguments"):
        type("Account", (Applies,), {}, category="account", categroy="account")
