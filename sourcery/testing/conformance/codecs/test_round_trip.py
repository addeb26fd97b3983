"""What is stored reads back equal, from text or bytes."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery.codec import Codec
from sourcery.testing.conformance.codecs.everything import Card, Cash, Everything, everything

pytestmark: object = pytest.mark.promise(47)


@settings(max_examples=150, deadline=None)
@given(original=everything)
def test_every_type_reads_back_as_it_was(codec: Codec, original: Everything) -> None:
    """The object made of stored text or bytes equals the one that was stored."""
    stored = codec.dumps(original)
    read = codec.reader(Everything)
    assert original == read(stored)
    assert original == read(stored.decode())


def test_decimals_keep_their_digits(codec: Codec) -> None:
    """1.10 stays 1.10: trailing zeros are part of an amount."""
    stored = codec.dumps(Cash(Decimal("1.10")))
    assert b"1.10" in stored
    assert "1.10" == str(codec.reader(Cash)(stored).given)


@pytest.mark.promise(26)
@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=80) | st.text(max_size=80))
def test_noise_is_no_event(codec: Codec, noise: bytes | str) -> None:
    """Reading noise raises an ordinary exception or gives an object; it never hangs or dies."""
    try:
        read = codec.reader(Card)(noise)
    except Exception:  # noqa: BLE001 - the decoder turns all of them into a DecodeError
        return
    assert isinstance(read, Card)
