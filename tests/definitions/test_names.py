"""Streams, their ids, and the bucket a key falls into."""

from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from sourcery import Stream
from sourcery.errors import InvalidName
from sourcery.stream import bucket_of

ID = "01234567-89ab-7def-8123-456789abcdef"


class Text(StrEnum):
    """A string enum."""

    ADA = "ada"


class OldText(str, Enum):  # noqa: UP042 - this is the case
    """A string enum as it was written before."""

    ADA = "ada"


class Number(IntEnum):
    """A number enum."""

    ONE = 1


class OldNumber(int, Enum):
    """As it was written before."""

    ONE = 1


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param(1, "1", id="int"),
        pytest.param(-1, "-1", id="negative"),
        pytest.param(UUID(ID), ID, id="uuid"),
        pytest.param(Text.ADA, "ada", id="str enum"),
        pytest.param(OldText.ADA, "ada", id="old str enum"),
        pytest.param(Number.ONE, "1", id="int enum"),
        pytest.param(OldNumber.ONE, "1", id="old int enum"),
    ],
)
def test_rule_17_an_id_is_its_text(given: Any, text: str) -> None:
    """Equal, hashed and sorted as that text: one stream, whatever the caller held."""
    stream = Stream("account", given)
    assert Stream("account", text) == stream
    assert 1 == len({stream, Stream("account", text)})
    assert (str, text) == (type(stream.id), stream.id)


def test_ids_that_differ_are_different() -> None:
    """In case, in blanks, in a leading zero."""
    ids = ["ada", "Ada", "ada ", " ada", "áda", "1", "01", 10]
    assert len(ids) == len({Stream("account", id) for id in ids})


@pytest.mark.parametrize("id", [None, True, 1.0, b"ada", ["ada"], object()])
def test_other_ids_are_refused(id: Any) -> None:
    """True would be "True", 1.0 would not be 1."""
    with pytest.raises(InvalidName, match="must be a str, int or UUID"):
        Stream("account", id)


def test_a_number_too_long_is_refused() -> None:
    """Python itself refuses to write the longest ones."""
    assert 255 == len(Stream("account", 10**254).id)
    for number in (10**255, 10**5000, -(10**255)):
        with pytest.raises(InvalidName, match="255"):
            Stream("account", number)


def test_streams_sort_by_category_and_id() -> None:
    """In which order they are locked."""
    streams = [Stream("b", "1"), Stream("a", "2"), Stream("a", "10")]
    assert ["a/10", "a/2", "b/1"] == [f"{s.category}/{s.id}" for s in sorted(streams)]


def test_a_stream_shows_strange_ids_in_ascii() -> None:
    """A log line stays one line."""
    assert "stream account/'\\xe1da\\n'" == str(Stream("account", "áda\n"))


def test_a_streams_key_cannot_be_anothers() -> None:
    """NUL, which no name holds, stands between category and id."""
    assert "account\0ada" == Stream("account", "ada").key
    assert Stream("a", "bc").key != Stream("ab", "c").key


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    ("key", "bucket"),
    [
        # The check value of CRC-32/ISO-HDLC, from its catalogue.
        pytest.param("123456789", 0xCBF43926 % 1024, id="digits"),
        pytest.param("", 0, id="empty"),
        pytest.param("áda", crc32(b"\xc3\xa1da") % 1024, id="utf-8"),
    ],
)
def test_rule_17_a_bucket_is_the_crc32_of_the_utf8(key: str, bucket: int) -> None:
    """Stored with each row, so that it may never change."""
    assert bucket == bucket_of(key)


@for_all(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_key_has_one_of_1024_buckets(key: str) -> None:
    """From 0."""
    assert 0 <= bucket_of(key) < 1024


def test_buckets_spread_evenly() -> None:
    """10,240 streams: none of four shards has a tenth more or less than its quarter."""
    buckets = [bucket_of(Stream("account", number).key) for number in range(10_240)]
    shards = [sum(bucket % 4 == shard for bucket in buckets) for shard in range(4)]
    assert all(2304 < count < 2816 for count in shards), shards
