"""Streams, their names, and the bucket a key falls into."""

from __future__ import annotations

from typing import Final
from uuid import UUID
from zlib import crc32

from attrs import field, frozen

from sourcery.errors import InvalidName

#: Longest names, in characters. One limit for all databases, so that data can move.
CATEGORY_LENGTH: Final = 100
STREAM_ID_LENGTH: Final = 255
KIND_LENGTH: Final = 150
TOPIC_LENGTH: Final = 200
#: Of the topics that are written: with a relay's name in front they name a consumer.
LONGEST_TOPIC: Final = 150
KEY_LENGTH: Final = 255
CONSUMER_LENGTH: Final = 200
#: Category and id of a stream, or topic and key of a message, in one text.
LETTER_KEY_LENGTH: Final = 900
MESSAGE_ID_LENGTH: Final = 255
#: `aggregate:` or `projection:` and the name of the class.
OWNER_KIND_LENGTH: Final = 120
TAG_LENGTH: Final = 80

BUCKETS: Final = 1024

#: A number from here on is not shown in an error.
_SHOWN: Final = 10**20

StreamId = str | int | UUID


def check_name(what: str, value: object, length: int) -> str:
    """Give the name back as plain text, or raise `InvalidName` when a database would alter it."""
    if not isinstance(value, str):
        raise InvalidName(what, _shown(value), f"must be a string, not {type(value).__name__}")
    if problem := _name_problem(value, length):
        raise InvalidName(what, value, problem)
    return str.__str__(value)


def _shown(value: object) -> str:
    """What was given instead of a name; Python refuses to print very long numbers."""
    return "a number" if isinstance(value, int) and abs(value) >= _SHOWN else repr(value)


def _name_problem(value: str, length: int) -> str | None:
    if not value:
        return "must not be empty"
    if len(value) > length:
        return f"has {len(value)} characters; at most {length} are stored"
    if "\0" in value:
        return "holds a NUL character, which databases cannot store"
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        return "holds a lone surrogate, which is not valid text"
    return None


def stream_id_text(value: object) -> str:
    """Text of a stream id: `str`, `int` and `UUID` are taken, so `1` and `"1"` are one."""
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise InvalidName("stream id", _shown(value), "must be a str, int or UUID")
    if isinstance(value, int) and abs(value) >= 10**STREAM_ID_LENGTH:
        problem = f"has more than {STREAM_ID_LENGTH} digits, which is all that is stored"
        raise InvalidName("stream id", "a whole number", problem)
    return check_name("stream id", _plain(value), STREAM_ID_LENGTH)


def _plain(value: str | int | UUID) -> str:
    """As text; `str` alone would call the member of a string or number enum by its class."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if isinstance(value, int) else str(value)


def _category(value: str) -> str:
    return check_name("category", value, CATEGORY_LENGTH)


def _id(value: StreamId) -> str:
    return stream_id_text(value)


@frozen(order=True)
class Stream:
    """The ordered events of one aggregate: a category and an id.

    The id may be given as `str`, `int` or `UUID`; it is kept and compared as text.
    Raises `InvalidName` for what cannot be stored faithfully.
    """

    category: str = field(converter=_category)
    id: str = field(converter=_id)

    def __str__(self) -> str:
        return f"stream {self.category}/{self.id!a}"

    @property
    def key(self) -> str:
        """The key that events of this stream are ordered by."""
        return f"{self.category}\0{self.id}"

    @property
    def path(self) -> str:
        """Category and id as one readable text, from which both can be told."""
        return f"{self.category.replace('%', '%25').replace('/', '%2F')}/{self.id}"


def bucket_of(key: str) -> int:
    """Bucket 0 to 1023 of a key; a shard is `bucket % shards`."""
    return crc32(key.encode()) % BUCKETS
