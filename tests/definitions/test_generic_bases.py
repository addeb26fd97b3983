"""Bases of the user's own between `Aggregate` and a concrete class."""

from typing import Any, Generic, TypeVar

import pytest
from attrs import define, frozen

from sourcery import Aggregate, UnitOfWork, event
from sourcery.aggregate import aggregate_type, restore
from sourcery.errors import DefinitionError, UndeclaredEvent
from tests.domain import Deposited, Opened, Placed

E = TypeVar("E")
T = TypeVar("T")


@event("entity.archived")
@frozen
class Archived:
    """What every entity can be."""


@define
class Counting(Aggregate[E]):
    """Counts its events."""

    count: int = 0

    def apply(self, event: E) -> None:
        """Evolve."""
        self.count += 1


class Tagged(Counting[E], Generic[T, E]):
    """The events are its second parameter."""


@define
class Archivable(Aggregate[E | Archived]):
    """Adds an event to those of its subclass."""

    archived: bool = False

    def archive(self) -> None:
        """Put it away."""
        self.record(Archived())

    def apply(self, event: E | Archived) -> None:
        """Evolve."""
        self.archived = isinstance(event, Archived)


def events_of(base: Any) -> tuple[type, ...]:
    """Events of a concrete class on this base."""

    @define
    class Concrete(base, category="concrete"):
        pass

    return aggregate_type(Concrete).classes


def test_a_generic_base_passes_its_argument_on() -> None:
    """It declares no category, so it is no aggregate yet."""
    assert (Opened, Deposited) == events_of(Counting[Opened | Deposited])


def test_a_parameter_may_stand_anywhere() -> None:
    """It is followed by its name, not by its place."""
    assert (Opened, Deposited) == events_of(Tagged[int, Opened | Deposited])


def test_a_base_may_add_events_of_its_own() -> None:
    """The union is made of both."""
    assert {Opened, Deposited, Archived} == set(events_of(Archivable[Opened | Deposited]))


def test_a_base_is_not_to_be_loaded() -> None:
    """It has no streams."""
    with pytest.raises(DefinitionError, match="is only a base: subclass it with category="):
        aggregate_type(Counting)


def test_a_category_needs_closed_events() -> None:
    """A type variable is nothing to decode."""
    for base in (Counting, Counting[T], Archivable[T]):
        with pytest.raises(DefinitionError, match="say its events"):
            events_of(base)


def test_a_concrete_class_may_be_inherited() -> None:
    """The events come along, the category does not; fields add up."""

    @define
    class Parent(Counting[Opened | Deposited], category="parent"):
        name: str = ""

    @define
    class Child(Parent, category="child"):
        age: int = 0

    assert ("parent", "child") == (aggregate_type(Parent).category, aggregate_type(Child).category)
    child = restore(Child, "ada")
    child.record(Deposited(1))
    assert ("ada", 1, 1) == (child.id, child.version, child.count)
    with pytest.raises(UndeclaredEvent, match="Placed is not one of the events of"):
        child.record(Placed("tea"))


@pytest.mark.databases("sqlite")
def test_an_inherited_event_is_stored_and_read(store: Any) -> None:
    """The base's own method records for the concrete class."""

    @define
    class Book(Archivable[Opened], category="book"):
        pass

    with UnitOfWork(store) as uow:
        uow.create(Book, 1).archive()
    with UnitOfWork(store) as uow:
        assert uow.get(Book, 1).archived
