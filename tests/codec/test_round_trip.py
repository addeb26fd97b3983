"""What is stored reads back equal, with either JSON library, from text or bytes."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery.codec import JsonCodec, orjson_backend
from tests.codec.everything import Card, Cash, Everything, everything


@settings(max_examples=150, deadline=None)
@given(original=everything)
def test_every_type_reads_back_as_it_was(codec: JsonCodec, original: Everything) -> None:
    """The object made of stored text or bytes equals the one that was stored."""
    stored = codec.dumps(original)
    read = codec.reader(Everything)
    assert original == read(stored)
    assert original == read(stored.decode())


@settings(max_examples=50, deadline=None)
@given(original=everything)
def test_both_libraries_store_the_same(original: Everything) -> None:
    """A store may change its JSON library: the text means the same to both."""
    if orjson_backend() is None:
        pytest.skip("pip install orjson")
    standard, fast = JsonCodec(), JsonCodec(orjson_backend())
    assert json.loads(standard.dumps(original)) == json.loads(fast.dumps(original))


def test_decimals_keep_their_digits(codec: JsonCodec) -> None:
    """1.10 stays 1.10: trailing zeros are part of an amount."""
    stored = codec.dumps(Cash(Decimal("1.10")))
    assert b'{"given":"1.10","currency":"EUR"}' == stored
    assert "1.10" == str(codec.reader(Cash)(stored).given)


def test_text_is_stored_as_utf8_and_compact(codec: JsonCodec) -> None:
    """No escapes for what is not ASCII, and no spaces."""
    assert '{"number":"Übermut 🎉"}'.encode() == codec.dumps(Card("Übermut 🎉"))


SETS = """
from attrs import frozen
from sourcery.codec import JsonCodec
@frozen
class Words:
    words: frozenset[str]
print(JsonCodec().dumps(Words(frozenset("abcdefgh"))).decode())
"""


def test_one_set_is_always_the_same_text() -> None:
    """Python orders sets anew in each process; a repeated append must be recognised."""
    texts = {
        subprocess.run(
            [sys.executable, "-c", SETS],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert {'{"words":["a","b","c","d","e","f","g","h"]}\n'} == texts


@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=80) | st.text(max_size=80))
def test_noise_is_no_event(codec: JsonCodec, noise: bytes | str) -> None:
    """Reading noise raises an ordinary exception or gives an object; it never hangs or dies."""
    try:
        read = codec.reader(Card)(noise)
    except Exception:  # noqa: BLE001 - the decoder turns all of them into a DecodeError
        return
    assert isinstance(read, Card)
