"""The text that our codecs store; one of others may lay its JSON out otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sourcery.codec import Codec
from sourcery.testing.conformance.codecs.everything import Card, Cash
from sourcery.testing.conformance.codecs.test_exact import holder

pytestmark: object = pytest.mark.promise(47)


def test_text_is_stored_as_utf8_and_compact(codec: Codec) -> None:
    """No escapes for what is not ASCII, and no spaces."""
    assert '{"number":"Übermut 🎉"}'.encode() == codec.dumps(Card("Übermut 🎉"))


def test_amounts_and_spans_are_decimal_text(codec: Codec) -> None:
    """As SQL casts them to a number, with all their digits."""
    span = timedelta(seconds=12345, microseconds=678901)
    assert b'{"given":"1.10","currency":"EUR"}' == codec.dumps(Cash(Decimal("1.10")))
    assert b'{"value":"12345.678901"}' == codec.dumps(holder(timedelta)(span))
