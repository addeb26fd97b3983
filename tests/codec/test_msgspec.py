"""The codec that reads faster gives what `JsonCodec` gives, and leaves to it the rest."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery.codec import JsonCodec
from sourcery.codec.msgspec import MsgspecCodec
from sourcery.testing.conformance.codecs.everything import (
    Colour,
    Line,
    Sku,
    decimals,
    moments,
    reals,
    texts,
    wholes,
)


@frozen
class Plain:
    text: str
    whole: int
    real: float
    flag: bool
    id: UUID
    amount: Decimal
    moment: datetime
    day: date
    sku: Sku
    tags: list[str]
    days: dict[str, list[date]]
    maybe: Decimal | None = None
    note: str = "none"


plain = st.builds(
    Plain,
    text=texts,
    whole=wholes,
    real=reals,
    flag=st.booleans(),
    id=st.uuids(),
    amount=decimals,
    moment=moments,
    day=st.dates(),
    sku=texts.map(Sku),
    tags=st.lists(texts, max_size=3),
    days=st.dictionaries(texts, st.lists(st.dates(), max_size=2), max_size=2),
    maybe=st.none() | decimals,
    note=texts,
)


def is_straight(cls: type[Any]) -> bool:
    """Whether a reader of the class is other than the one that every class has."""
    return MsgspecCodec().reader(cls).__qualname__ != JsonCodec().reader(cls).__qualname__


@settings(max_examples=300, deadline=None)
@given(original=plain)
def test_it_stores_and_reads_what_the_other_does(original: Plain) -> None:
    """The same bytes, and an equal object with values of the same classes and digits."""
    stored = JsonCodec().dumps(original)
    assert stored == MsgspecCodec().dumps(original)
    read = MsgspecCodec().reader(Plain)(stored.decode())
    assert repr(JsonCodec().reader(Plain)(stored)) == repr(read)
    assert hash(read.amount) == hash(original.amount)


def holder(hint: Any, **facts: Any) -> type[Any]:
    """A class with one field."""
    return attrs.make_class("Holder", {"value": field(type=hint, **facts)}, frozen=True)


@pytest.mark.parametrize("hint", [int, str, Decimal, datetime | None, list[UUID], dict[str, bool]])
def test_a_plain_class_is_read_straight(hint: Any) -> None:
    """Else all the other tests would say nothing."""
    assert is_straight(holder(hint))


@frozen
class Checked:
    value: int

    def __attrs_post_init__(self) -> None:
        if self.value < 0:
            raise ValueError


@frozen(cache_hash=True)
class Hashed:
    value: int


@frozen(init=False)
class HandMade:
    value: int

    def __init__(self, value: int) -> None:
        self.__attrs_init__(abs(value))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "cls",
    [
        holder(timedelta),
        holder(bytes),
        holder(Colour),
        holder(Line),
        holder(list[Decimal]),
        holder(dict[int, str]),
        holder(int | str),
        holder(int, converter=abs),
        holder(int, validator=attrs.validators.gt(0)),
        holder(int, alias="other"),
        Checked,
        Hashed,
        HandMade,
    ],
)
def test_any_other_class_is_left_to_the_other_codec(cls: type[Any]) -> None:
    """Its `__init__` does something, or a value of it is read in a way of ours."""
    assert not is_straight(cls)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (float, "1"),
        (UUID, f'"{{{UUID(int=1)}}}"'),
        (date, '"20261128"'),
        (datetime, '"2026-11-28 12:30:15+05:30:15"'),
    ],
)
def test_text_that_we_write_otherwise_is_taken_as_well(hint: Any, text: str) -> None:
    """And becomes the same value."""
    stored, cls = f'{{"value":{text},"unknown":null}}', holder(hint)
    assert is_straight(cls)
    assert repr(JsonCodec().reader(cls)(stored)) == repr(MsgspecCodec().reader(cls)(stored))


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (Decimal, '"NaN"'),
        (Decimal, '"Infinity"'),
        (Decimal | None, '"sNaN"'),
        (datetime, '"2026-11-28T12:30:15"'),
        (int, "null"),
        (str, '"\\ud800"'),
    ],
)
def test_text_that_the_other_refuses_is_refused(hint: Any, text: str) -> None:
    """Though msgspec alone takes some of it."""
    stored, cls = f'{{"value":{text}}}', holder(hint)
    with pytest.raises(Exception):  # noqa: B017, PT011 - the decoder makes one error of all
        JsonCodec().reader(cls)(stored)
    with pytest.raises(Exception):  # noqa: B017, PT011
        MsgspecCodec().reader(cls)(stored)


def test_a_number_in_a_decimal_field_keeps_its_digits() -> None:
    """The one thing that is read better: this library stores digits as text."""
    cls = holder(Decimal)
    assert "1.10" == str(MsgspecCodec().reader(cls)('{"value":1.10}').value)
