"""`@event`: what can be an event, and what is refused the moment it is declared."""

from enum import StrEnum
from typing import Any

import attrs
import pytest
from attrs import define, frozen
from attrs.exceptions import FrozenInstanceError

from sourcery import event
from sourcery.errors import ConfigurationError, DefinitionError
from sourcery.events import event_type


def mark(kind: Any, **options: Any) -> type:
    """An event class of this kind."""

    @event(kind, **options)
    @frozen
    class Happened:
        pass

    return Happened


@pytest.mark.promise(46)
def test_kind_and_version_are_those_that_were_written() -> None:
    """The name of the class plays no part; the version is 1 unless given."""
    assert ("it.happened", 1) == attrs.astuple(event_type(mark("it.happened")))
    assert ("it.happened", 3) == attrs.astuple(event_type(mark("it.happened", version=3)))


def test_a_member_of_a_string_enum_is_its_value() -> None:
    """Kinds may be kept in an enum."""

    class Kind(StrEnum):
        HAPPENED = "it.happened"

    kind = event_type(mark(Kind.HAPPENED)).kind
    assert (str, "it.happened") == (type(kind), kind)


def test_the_longest_kind_is_accepted() -> None:
    """150 characters, of any script."""
    assert 150 == len(event_type(mark("é" * 150)).kind)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        pytest.param("", "must not be empty", id="empty"),
        pytest.param(5, "must be a string, not int", id="number"),
        pytest.param(None, "must be a string, not NoneType", id="none"),
        pytest.param(b"a", "must be a string, not bytes", id="bytes"),
        pytest.param("a" * 151, "has 151 characters; at most 150", id="long"),
        pytest.param("a\0b", "NUL", id="nul"),
        pytest.param("a\udc00b", "surrogate", id="surrogate"),
    ],
)
def test_a_kind_that_cannot_be_stored_is_refused(kind: object, problem: str) -> None:
    """At the class, which is named."""
    with pytest.raises(DefinitionError, match=problem) as caught:
        mark(kind)
    assert caught.value.owner.endswith("Happened")


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_a_version_is_a_whole_number_from_one(version: object) -> None:
    """Upcasters count from it."""
    with pytest.raises(DefinitionError, match="version must be a whole number from 1"):
        mark("it.happened", version=version)


def test_a_forgotten_kind_is_refused() -> None:
    """`@event` without parentheses would else give a function in place of the class."""
    with pytest.raises(DefinitionError, match=r"Happened: has no kind: write @event\('its.kind'\)"):

        @event
        @frozen
        class Happened:
            pass


def test_decorators_in_the_wrong_order_are_refused() -> None:
    """The class must be one of attrs already."""
    with pytest.raises(DefinitionError, match="write @event above @frozen"):

        @frozen
        @event("it.happened")
        class Happened:
            pass


def test_a_class_without_attrs_is_refused() -> None:
    """Also one that only inherits from an attrs class."""
    with pytest.raises(DefinitionError, match="it takes an attrs class"):

        @event("it.happened")
        class Plain:
            pass

    with pytest.raises(DefinitionError, match="it takes an attrs class"):

        @event("it.happened.too")
        class Inherits(mark("it.happened")):
            pass


@pytest.mark.parametrize("what", [lambda: None, 5, "Happened"])
def test_what_is_no_class_is_refused(what: Any) -> None:
    """A function, a number, a string."""
    with pytest.raises(DefinitionError, match="it takes an attrs class"):
        event("it.happened")(what)


def test_an_event_that_could_change_is_refused() -> None:
    """`define` alone, and `define` with a setter of one's own."""
    with pytest.raises(DefinitionError, match=r"never changes: use attrs\.frozen"):

        @event("it.happened")
        @define
        class Happened:
            x: int = 0

    with pytest.raises(DefinitionError, match=r"never changes: use attrs\.frozen"):

        @event("it.happened")
        @define(on_setattr=attrs.setters.validate)
        class Validated:
            x: int = 0


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(attrs.frozen, id="frozen"),
        pytest.param(attrs.define(frozen=True), id="define"),
        pytest.param(attrs.frozen(slots=False), id="without slots"),
        pytest.param(attrs.frozen(kw_only=True), id="by keyword"),
    ],
)
def test_every_way_to_a_frozen_class_is_accepted(make: Any) -> None:
    """There are several."""

    @event("it.happened")
    @make
    class Happened:
        x: int

    happened = Happened(x=5)
    with pytest.raises(FrozenInstanceError):
        happened.x = 6


def test_a_subclass_is_an_event_of_its_own_or_none() -> None:
    """The kind is not inherited: two classes of one kind could not be told apart."""
    base = mark("it.happened")

    @frozen
    class Unnamed(base):
        pass

    @event("it.happened.again")
    @frozen
    class Again(base):
        pass

    assert "it.happened.again" == event_type(Again).kind
    with pytest.raises(DefinitionError, match="Unnamed: is not an event"):
        event_type(Unnamed)


def test_a_definition_error_is_a_type_error_and_a_configuration_error() -> None:
    """Whoever catches either gets it."""
    assert issubclass(DefinitionError, TypeError)
    assert issubclass(DefinitionError, ConfigurationError)
