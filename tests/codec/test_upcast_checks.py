"""Upcasters that cannot work are refused when the store is made."""

from typing import Any

import pytest
from attrs import frozen

from sourcery import Part, event, rename, upcast
from sourcery.codec import Decoder, JsonCodec, Upcasters
from sourcery.errors import DecodeError, DefinitionError
from tests.codec.test_upcast import PriceSet, row


def same(data: dict[str, Any]) -> dict[str, Any]:
    return data


@event("price.old")
@frozen
class Old:
    text: str = ""


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("", {"version": 1}),
        ("price.set", {"version": 0}),
        ("price.set", {"version": "1"}),
        ("price.set", {"version": True}),
        ("price.set", {"version": 1, "into": "price.set"}),
        ("price.set", {"version": 1, "into": [""]}),
        ("price.set", {"version": 1, "into": [7]}),
    ],
)
def test_a_kind_or_version_that_no_event_has(kind: str, options: dict[str, Any]) -> None:
    """Said where it is written."""
    with pytest.raises(DefinitionError):
        upcast(kind, **options)


def test_a_function_without_the_decorator_is_refused() -> None:
    """The error names it."""
    with pytest.raises(DefinitionError, match="same"):
        Upcasters([same])  # type: ignore[list-item]


def test_a_step_behind_a_new_name_is_refused() -> None:
    """It would never be reached."""
    hidden = upcast("cost.set", version=1)(same)
    with pytest.raises(DefinitionError, match="renamed"):
        Upcasters([rename("cost.set", "price.set"), hidden])


@pytest.mark.parametrize(
    ("steps", "cls", "named"),
    [
        ([upcast("price.set", version=3)(same)], PriceSet, "raise the version"),
        ([rename("price.old", "price.set")], Old, "renamed"),
        (
            [upcast("tests.fourth", version=v)(same) for v in (1, 3)],
            event("tests.fourth", version=4)(frozen(type("Fourth", (), {}))),
            "version 2",
        ),
    ],
)
def test_steps_that_do_not_fit_the_class(steps: list[Any], cls: type, named: str) -> None:
    """A step for what the class writes itself, an unreachable class, a gap in the chain."""
    with pytest.raises(DefinitionError, match=named):
        Decoder(JsonCodec(), (cls,), Upcasters(steps))


@pytest.mark.parametrize("data", ["[1]", "null", "7", '"text"', "{"])
def test_only_objects_are_upcast(data: str) -> None:
    """An upcaster may rely on a dict."""
    step = upcast("price.set", version=1)(lambda d: d | {"cents": 1})
    with pytest.raises(DecodeError, match="JSON"):
        Decoder(JsonCodec(), (PriceSet,), Upcasters([step])).decode(row("price.set", 1, data))


def test_an_event_may_split_into_very_many() -> None:
    """Many parts are no circle."""

    @upcast("price.set", version=1, into=["price.set"])
    def split(data: dict[str, Any]) -> list[Part]:
        return [Part("price.set", {"cents": n, "currency": "EUR"}, version=3) for n in range(3000)]

    decoder = Decoder(JsonCodec(), (PriceSet,), Upcasters([split]))
    parts = decoder.decode(row("price.set", 1, "{}"))
    assert list(range(3000)) == [recorded.event.cents for recorded in parts]
    assert list(range(3000)) == [recorded.part for recorded in parts]
