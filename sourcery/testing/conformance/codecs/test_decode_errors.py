"""A stored event that does not fit its class: which one, where, and nothing of its data."""

from typing import Any
from uuid import UUID

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery import event
from sourcery.codec import Codec, Decoder
from sourcery.errors import DecodeError
from sourcery.testing.conformance.codecs.everything import Line

ID = UUID(int=9)


@event("tests.basket")
@frozen
class Basket:
    lines: list[Line]
    count: int


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
