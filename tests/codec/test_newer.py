"""Events of a newer program than the one that reads: never taken for what this one knows."""

from typing import Any

import pytest
from attrs import frozen

from sourcery import event, rename, upcast
from sourcery.codec import Decoder, JsonCodec, Upcasters
from sourcery.errors import ConfigurationError, DecodeError, EventAhead
from sourcery.testing.conformance.codecs.test_decode_errors import ID


@event("price.set", version=2)
@frozen
class PriceSet:
    cents: int


def row(version: Any, kind: str = "price.set") -> tuple[Any, ...]:
    return (12, "price", "1", 3, ID, kind, version, '{"cents":5,"vat":1}', "{}", "2013-02-04")


@upcast("price.set", version=1)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"cents": data["euros"] * 100}


RENAMED = Upcasters([rename("price.fixed", "price.set")])


@pytest.mark.parametrize("upcasters", [Upcasters(), Upcasters([in_cents]), RENAMED])
def test_a_newer_version_is_not_read(codec: JsonCodec, upcasters: Upcasters) -> None:
    """With and without upcasters; the error says what to do."""
    with pytest.raises(EventAhead, match="deploy the newer program") as refused:
        Decoder(codec, (PriceSet,), upcasters).decode(row(3))
    error = refused.value
    assert (ID, 12, "price.set", 3, 2) == (
        error.event_id,
        error.position,
        error.kind,
        error.schema_version,
        error.known,
    )
    assert isinstance(error, DecodeError)
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_or_equal_version_is_read(codec: JsonCodec, version: int) -> None:
    """And a field that the class does not have is passed over, as newer programs may add one."""
    [recorded] = Decoder(codec, (PriceSet,)).decode(row(version))
    assert PriceSet(5) == recorded.event


def test_a_kind_of_the_past_may_have_had_more_versions(codec: JsonCodec) -> None:
    """The class that has a new name begins at version 1; no newer program writes the old one."""
    [recorded] = Decoder(codec, (PriceSet,), RENAMED).decode(row(3, "price.fixed"))
    assert (PriceSet(5), 3) == (recorded.event, recorded.schema_version)
