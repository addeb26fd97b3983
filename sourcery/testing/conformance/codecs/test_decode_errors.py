"""A stored event that does not fit its class: which one, where, and nothing of its data."""

from datetime import datetime
from decimal import Decimal
from enum import Flag
from typing import Any, Literal
from uuid import UUID

import pytest
from attrs import field, frozen, make_class
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery import event
from sourcery.codec import Codec, Decoder
from sourcery.errors import DecodeError
from sourcery.testing.conformance.codecs.everything import Level, Line

ID = UUID(int=9)


@event("tests.basket")
@frozen
class Basket:
    lines: list[Line]
    count: int


class Access(Flag):
    READ = 1
    WRITE = 2


def row(data: str, *, kind: str = "tests.basket") -> tuple[Any, ...]:
    return (12, "basket", "1", 3, ID, kind, 1, data, "{}", "2013-02-04 05:06:07")


@pytest.mark.promise(26, 48)
@pytest.mark.parametrize(
    ("data", "path"),
    [
        ('{"lines":[],"count":"tiger"}', "count"),
        ('{"lines":[]}', "count"),
        (
            '{"lines":[{"sku":"a","price":"1"},{"sku":"b","price":"tiger"}],"count":1}',
            "lines[1].price",
        ),
        ('{"lines":7,"count":1}', "lines"),
        ('["tiger"]', "it"),
        ("null", "it"),
        ("tiger", "it"),
    ],
)
def test_it_names_event_and_path(codec: Codec, data: str, path: str) -> None:
    """Event id, position, kind, version and the path in the payload; no value."""
    with pytest.raises(DecodeError) as refused:
        Decoder(codec, (Basket,)).decode(row(data))
    error = refused.value
    assert (ID, 12, "tests.basket", 1) == (
        error.event_id,
        error.position,
        error.kind,
        error.schema_version,
    )
    assert path == error.path
    assert "tiger" not in f"{error}{error!r}"


@pytest.mark.promise(26)
@pytest.mark.parametrize(
    ("hint", "stored"),
    [
        *((int, wrong) for wrong in ("1.5", "1.0", "1e30", '"1"', "true", "null", "[1]")),
        *((float, wrong) for wrong in ('"1.5"', "true")),
        *((bool, wrong) for wrong in ("1", "0", '"false"', "null")),
        *((str, wrong) for wrong in ("1", "true", "null", '["a"]')),
        (int | None, "1.5"),
        (int | str, "1.5"),
        (list[int], "[1,true]"),
        (list[str], '"ab"'),
        (list[str] | None, '{"a":1}'),
        (set[str], '"ab"'),
        (tuple[str, ...], '"ab"'),
        (tuple[str, str], '"ab"'),
        (dict[str, int], '{"a":"1"}'),
        (dict[int, str], '{"1.5":"a"}'),
        (dict[int, str], '{"01":"a"}'),
        (Level, "true"),
        (Level, "1.0"),
        (Access, "1.0"),
        (Literal[1, "a"], "true"),
        (Decimal, "true"),
        (UUID, "1"),
        (datetime, "1"),
    ],
)
def test_json_of_another_type_is_a_decode_error(codec: Codec, hint: Any, stored: str) -> None:
    """Nothing is cut, counted as true, or taken apart to make it fit."""
    cls = event("tests.held")(make_class("Held", {"value": field(type=hint)}, frozen=True))
    with pytest.raises(DecodeError) as refused:
        Decoder(codec, (cls,)).decode(row(f'{{"value":{stored}}}', kind="tests.held"))
    assert refused.value.path.startswith("value")


@pytest.mark.promise(26)
@pytest.mark.parametrize(
    ("hint", "stored", "value"),
    [(float, "1", 1.0), (float | None, "1", 1.0), (Decimal, "1.5", Decimal("1.5"))],
)
def test_json_knows_one_sort_of_number(codec: Codec, hint: Any, stored: str, value: Any) -> None:
    """What another program wrote without a fraction is a float all the same."""
    cls = make_class("Held", {"value": field(type=hint)}, frozen=True)
    read = codec.reader(cls)(f'{{"value":{stored}}}').value
    assert (type(value), value) == (type(read), read)


@pytest.mark.promise(26)
def test_a_kind_nobody_asked_for_is_passed_over(codec: Codec) -> None:
    """Even when its data is not JSON at all."""
    assert () == Decoder(codec, (Basket,)).decode(row("tiger", kind="other"))


@pytest.mark.promise(47)
@settings(max_examples=300, deadline=None)
@given(noise=st.text(max_size=60) | st.sampled_from(["[" * 100_000, '{"a":' * 10_000]))
def test_noise_is_a_decode_error(codec: Codec, noise: str) -> None:
    """Whatever stands in the database, the error is typed."""
    with pytest.raises(DecodeError):
        Decoder(codec, (Basket,)).decode(row(noise))
