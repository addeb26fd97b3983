"""Either JSON library: the same text is read, the same values are written, the same refused."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery.codec import STANDARD, Backend, Decoder, JsonCodec, orjson_backend
from sourcery.errors import DecodeError, EncodeError
from sourcery.testing.conformance.codecs.everything import Everything, everything
from sourcery.testing.conformance.codecs.test_decode_errors import ID


@frozen
class Free:
    free: Any


@dataclass
class Point:
    x: float


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth - 1):
        inner = [inner]
    return inner


@pytest.mark.promise(47)
@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "-Infinity",
        "1e400",
        '"\\ud800"',
        '{"\\ud800":1}',
        b"\xff",
        b"\xef\xbb\xbf1",
        '"a"'.encode("utf-16"),
        "[" * 100_000,
        "",
    ],
)
def test_text_that_is_no_json_is_refused(backend: Backend, text: str | bytes) -> None:
    """What one library lets pass would be lost on the other."""
    with pytest.raises((ValueError, RecursionError)):
        backend.loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ('{"a":1,"a":2}', {"a": 2}),
        ('"\\ud83c\\udf89"', "🎉"),
        ("1E5", 100000.0),
    ],
)
def test_odd_json_reads_alike(backend: Backend, text: str, value: object) -> None:
    """The same value of the same class."""
    read = backend.loads(text)
    assert value == read
    assert type(value) is type(read)


@pytest.mark.promise(47)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"a": v}])
def test_nesting_has_one_limit(codec: JsonCodec, wrap: Any) -> None:
    """Some 250 levels on either library (releases of orjson differ by one)."""
    fits = Free(wrap(nested(250)))
    assert fits == codec.reader(Free)(codec.dumps(fits))
    with pytest.raises(EncodeError, match="nested too deeply"):
        codec.dumps(Free(wrap(nested(256))))


def test_a_list_that_contains_itself_is_refused(codec: JsonCodec) -> None:
    """It has no end."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(EncodeError, match="nested too deeply"):
        codec.dumps(Free(endless))


def test_dataclasses_are_converted_too(codec: JsonCodec) -> None:
    """Their fields are checked like those of any class."""
    assert b'{"free":{"x":1.5}}' == codec.dumps(Free(Point(1.5)))
    with pytest.raises(EncodeError, match="finite"):
        codec.dumps(Free(Point(float("nan"))))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@pytest.mark.promise(47)
@settings(max_examples=200, deadline=None)
@given(value=json_values)
def test_both_refuse_and_store_the_same(value: Any) -> None:
    """Any JSON-like value: equal bytes, or the same refusal at the same path."""
    fast = orjson_backend()
    if fast is None:
        pytest.skip("pip install orjson")
    standard, other = (outcome(JsonCodec(b), Free(value)) for b in (STANDARD, fast))
    assert standard == other


def outcome(codec: JsonCodec, value: Free) -> object:
    """What was read back of the stored text, or the refusal in words."""
    try:
        return repr(codec.reader(Free)(codec.dumps(value)))
    except EncodeError as error:
        return str(error)


fields = st.sampled_from([attribute.name for attribute in Everything.__attrs_attrs__])  # type: ignore[attr-defined]


@pytest.mark.promise(26, 47)
@settings(max_examples=300, deadline=None)
@given(data=st.dictionaries(fields, json_values, max_size=4) | json_values)
def test_any_json_is_an_event_or_a_decode_error(backend: Backend, data: Any) -> None:
    """Never another exception, whatever is in the place of whatever field."""
    text = json.dumps(data)
    stored = (1, "c", "1", 1, ID, "tests.everything", 1, text, "{}", "2013-02-04 05:06:07")
    with pytest.raises(DecodeError):
        Decoder(JsonCodec(backend), (Everything,)).decode(stored)


@settings(max_examples=50, deadline=None)
@given(original=everything)
def test_both_libraries_store_the_same(original: Everything) -> None:
    """A store may change its JSON library: the text means the same to both."""
    if orjson_backend() is None:
        pytest.skip("pip install orjson")
    standard, fast = JsonCodec(), JsonCodec(orjson_backend())
    assert json.loads(standard.dumps(original)) == json.loads(fast.dumps(original))


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
