"""A class that cannot be stored and read back is refused when it is declared."""

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from attrs import field, frozen, make_class

from sourcery import event
from sourcery.codec import JsonCodec, encode_event
from sourcery.errors import DefinitionError, UndeclaredEvent
from sourcery.testing.conformance.codecs.everything import Card, Cash, Colour


class Strange:
    """cattrs knows no way back to this."""


class Alike(Enum):
    NUMBER = 1
    TEXT = "1"


class Objects(Enum):
    ONE = object()


@frozen
class Tagged:
    _type: str


@frozen
class Inner:
    callback: Callable[[], int]


@pytest.mark.parametrize(
    ("hint", "named"),
    [
        (Strange, "Strange"),
        (Strange | None, "Strange"),
        (list[Strange], "Strange"),
        (dict[str, Strange], "Strange"),
        (Callable[[], int], "Callable"),
        (Decimal | str, "look alike"),
        (Colour | str, "look alike"),
        (list[int] | tuple[str, ...], "look alike"),
        (Card | dict[str, int], "look alike"),
        (Tagged | Card, "_type"),
        (Objects, "ONE"),
        (dict[bool, int], "keys"),
        (dict[Card, int], "keys"),
        (dict[Alike, int], "NUMBER and TEXT"),
    ],
)
def test_it_names_class_and_field(codec: JsonCodec, hint: Any, named: str) -> None:
    """Even where only some events would have a value of that type."""
    cls = make_class("Holder", {"good": field(type=int), "wrong": field(type=hint)}, frozen=True)
    with pytest.raises(DefinitionError, match=named) as refused:
        codec.reader(cls)
    assert "Holder" == refused.value.owner
    assert "'wrong'" in refused.value.problem


def test_a_field_of_an_inner_class_is_named(codec: JsonCodec) -> None:
    """The innermost class is the one to mend."""
    cls = make_class("Holder", {"inner": field(type=list[Inner])}, frozen=True)
    with pytest.raises(DefinitionError, match="callback") as refused:
        codec.reader(cls)
    assert "Inner" == refused.value.owner


def test_writing_needs_a_way_back_too(codec: JsonCodec) -> None:
    """An event nobody declared is refused before anything of it is stored."""

    @event("tests.strange")
    @frozen
    class Happened:
        wrong: Strange | None = None

    with pytest.raises(DefinitionError, match="wrong"):
        encode_event(codec, Happened())


@pytest.mark.promise(47)
@pytest.mark.parametrize("stranger", [5, Card("1"), Cash, None])
def test_what_is_no_event_is_refused(codec: JsonCodec, stranger: object) -> None:
    """The error says how to make it one."""
    with pytest.raises(UndeclaredEvent, match=r": decorate its class with @event"):
        encode_event(codec, stranger)


def test_a_strict_codec_refuses_what_the_class_does_not_have() -> None:
    """Events ignore unknown fields; snapshots must not."""
    stored = b'{"number":"1","colour":"red"}'
    assert Card("1") == JsonCodec().reader(Card)(stored)
    with pytest.raises(Exception, match="colour"):
        JsonCodec(strict=True).reader(Card)(stored)
