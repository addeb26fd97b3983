"""No error, nor the traceback a log prints of it, holds anything of the payload."""

import traceback
from typing import Any
from uuid import UUID

import pytest
from attrs import field, frozen

from sourcery import event, upcast
from sourcery.codec import Codec, Decoder, Upcasters, encode_event
from sourcery.errors import DecodeError, EncodeError
from sourcery.testing.conformance.codecs.everything import Line
from sourcery.testing.conformance.codecs.test_decode_errors import row

#: Not in a line that a traceback shows.
SECRET = row('{"count":"tiger"}')


@event("tests.basket", version=2)
@frozen
class Basket:
    by_name: dict[str, Line] = field(factory=dict)
    count: int = 0
    id: UUID | None = None


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.promise(48)
@pytest.mark.parametrize(
    ("data", "path"),
    [
        ('{"by_name":{"a":{"sku":"a","price":"1"},"tiger":{}}}', "by_name[value 1].sku"),
        ('{"by_name":{"tiger @ x":{"sku":"a","price":"tiger"}}}', "by_name[value 0].price"),
        ('{"by_name":"tiger"}', "by_name"),
        ('{"by_name":["tiger"]}', "by_name"),
        ('{"count":"tiger"}', "count"),
        ('{"id":"tiger"}', "id"),
        ('{"id":"tiger', "it"),
    ],
)
def test_of_a_stored_event(codec: Codec, data: str, path: str) -> None:
    """Not the value, nor the key of a mapping, nor the text of the cause."""
    with pytest.raises(DecodeError) as refused:
        Decoder(codec, (Basket,)).decode(row(data))
    assert path == refused.value.path
    assert "tiger" not in printed(refused.value)


@pytest.mark.promise(48)
@pytest.mark.parametrize(
    "wrong",
    [
        Basket(count="tiger"),  # type: ignore[arg-type]
        Basket({"tiger\ud800": Line("a", 1)}),  # type: ignore[arg-type]
        Basket({"tiger": Line("tiger", "tiger")}),  # type: ignore[arg-type]
        Basket(id="tiger"),  # type: ignore[arg-type]
    ],
)
def test_of_an_event_to_be_stored(codec: Codec, wrong: Basket) -> None:
    """The refusal names the path only."""
    with pytest.raises(EncodeError) as refused:
        encode_event(codec, wrong)
    assert "tiger" not in printed(refused.value)


@pytest.mark.promise(48)
def test_of_an_upcaster_that_fails(codec: Codec) -> None:
    """The function and the line are named, so that it can be found without its traceback."""

    @upcast("tests.basket", version=1)
    def in_numbers(data: dict[str, Any]) -> dict[str, Any]:
        return {"count": int(data["count"])}

    decoder = Decoder(codec, (Basket,), Upcasters([in_numbers]))
    place = "in_numbers failed: ValueError at test_no_leak"
    with pytest.raises(DecodeError, match=place) as failed:
        decoder.decode(SECRET)
    assert "tiger" not in printed(failed.value)
