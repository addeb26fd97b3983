"""Upcasters: chains, new names, splits and drops, and mistakes in them."""

from typing import Any
from uuid import UUID

import pytest
from attrs import frozen

from sourcery import Part, event, rename, upcast
from sourcery.codec import Decoder, JsonCodec, Upcasters
from sourcery.errors import DecodeError, DefinitionError

ID = UUID(int=7)


@event("price.set", version=3)
@frozen
class PriceSet:
    cents: int
    currency: str


@event("price.noted")
@frozen
class Noted:
    text: str


def row(kind: str, version: int, data: str) -> tuple[Any, ...]:
    """A stored row, as a driver gives it."""
    return (5, "price", "tea", 1, str(ID), kind, version, data, "{}", "2013-02-04 05:06:07")


def decoded(upcasters: list[Any], stored: tuple[Any, ...], *classes: type) -> list[Any]:
    decoder = Decoder(JsonCodec(), classes or (PriceSet,), Upcasters(upcasters))
    return [(r.event, r.part) for r in decoder.decode(stored)]


@upcast("price.set", version=1)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["euros"] * 100}


@upcast("price.set", version=2)
def in_euros(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"currency": "EUR"}


@pytest.mark.parametrize(
    ("version", "data"),
    [(1, '{"euros":3}'), (2, '{"cents":300}'), (3, '{"cents":300,"currency":"EUR"}')],
)
def test_steps_chain_from_the_stored_version(version: int, data: str) -> None:
    """Each stored version goes through the steps that it still lacks."""
    expected = [(PriceSet(300, "EUR"), 0)]
    assert expected == decoded([in_euros, in_cents], row("price.set", version, data))


def test_a_new_name_keeps_the_version() -> None:
    """An old kind is read as the new one, and then goes through its steps."""
    steps = [rename("cost.set", "amount.set"), rename("amount.set", "price.set"), in_euros]
    assert [(PriceSet(300, "EUR"), 0)] == decoded(steps, row("cost.set", 2, '{"cents":300}'))


def test_a_split_gives_numbered_parts() -> None:
    """Parts share the envelope; those nobody asked for keep their number."""

    @upcast("price.set", version=1, into=["price.set", "price.noted"])
    def split(data: dict[str, Any]) -> list[Part]:
        whole = {"cents": 1, "currency": "EUR"}
        return [Part("price.noted", {"text": "was"}), Part("price.set", whole, version=3)]

    stored = row("price.set", 1, "{}")
    both = [(Noted("was"), 0), (PriceSet(1, "EUR"), 1)]
    assert both == decoded([split], stored, PriceSet, Noted)
    assert both[1:] == decoded([split], stored)


def test_an_empty_list_drops_the_event() -> None:
    """A dropped event is passed over."""
    drop = upcast("price.set", version=1, into=[])(lambda data: [])
    assert [] == decoded([drop], row("price.set", 1, "{}"))


def test_readers_ask_for_every_stored_kind_that_may_become_theirs() -> None:
    """Old names and splits are followed backwards, over several steps."""
    split = upcast("basket.priced", version=1, into=["cost.set"])(lambda data: [])
    steps = Upcasters([rename("cost.set", "price.set"), split])
    assert {"price.set", "cost.set", "basket.priced"} == steps.sources(["price.set"])


def test_two_steps_for_one_version_are_refused() -> None:
    """It would depend on their order which one is taken."""
    with pytest.raises(DefinitionError, match="version 1"):
        Upcasters([in_cents, in_cents])


def test_names_in_a_circle_are_refused() -> None:
    """The store says so when it is made."""
    with pytest.raises(DefinitionError, match="circle"):
        Upcasters([rename("a", "b"), rename("b", "a")])


def test_a_circle_of_splits_is_an_error_of_the_event() -> None:
    """It shows only when an event goes round, and then it ends."""
    back = upcast("price.set", version=1, into=["price.set"])(lambda d: [Part("price.set", d)])
    with pytest.raises(DecodeError, match="circles"):
        decoded([back], row("price.set", 1, "{}"))


@pytest.mark.promise(26, 48)
@pytest.mark.parametrize("wrong", [lambda d: d["secret"], lambda d: "text", lambda d: [d]])
def test_a_step_that_fails_names_the_event(wrong: Any) -> None:
    """The error tells which event it was and nothing of its data."""
    step = upcast("price.set", version=1)(wrong)
    with pytest.raises(DecodeError) as refused:
        decoded([step], row("price.set", 1, '{"key":"secret value"}'))
    error = refused.value
    assert (ID, 5, "price.set", 1) == (
        error.event_id,
        error.position,
        error.kind,
        error.schema_version,
    )
    assert "secret value" not in str(error)


def test_into_must_name_what_comes_out() -> None:
    """A kind that into= does not name would be missed by readers, so it is an error."""
    step = upcast("price.set", version=1)(lambda d: [Part("price.noted", {"text": ""})])
    with pytest.raises(DecodeError, match="into"):
        decoded([step], row("price.set", 1, "{}"))
