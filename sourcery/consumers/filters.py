"""What a consumer reads, as its row says it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from attrs import field, frozen

from sourcery.consumers.rows import ConsumerRow, readable
from sourcery.consumers.spec import OUTBOX
from sourcery.log import MessageQuery, Query

#: Kinds of classes to the kinds they are stored under, older names included.
Sources = Callable[[Iterable[str]], Iterable[str]]


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _texts(stored: Any) -> list[str]:
    if isinstance(stored, list):
        found = cast("list[object]", stored)
        texts = [each for each in found if isinstance(each, str)]
        if len(texts) == len(found):
            return texts
    raise TypeError("not a list of texts")


@frozen(kw_only=True)
class EventFilter:
    """Kinds and categories of events, in words that mean the same in the next release."""

    #: Of the classes, as they are written now.
    kinds: tuple[str, ...] = field(converter=_sorted)
    #: None is every category.
    categories: tuple[str, ...] = field(default=(), converter=_sorted)
    #: Whether a relay reads them: it shares no checkpoint with a subscriber of its name.
    relayed: bool = False

    def to_json(self) -> str:
        """As it is stored and compared."""
        by = {"relayed": True} if self.relayed else {}
        return json.dumps({"kinds": self.kinds, "categories": self.categories} | by)

    @classmethod
    def from_json(cls, text: str) -> EventFilter:
        """As it was stored."""
        stored = json.loads(text)
        return cls(kinds=_texts(stored["kinds"]), categories=_texts(stored["categories"]))


@frozen(kw_only=True)
class MessageFilter:
    """The topic of a relay's messages."""

    topic: str

    def to_json(self) -> str:
        """As it is stored and compared."""
        return json.dumps({"topic": self.topic})

    @classmethod
    def from_json(cls, text: str) -> MessageFilter:
        """As it was stored."""
        [topic] = _texts([json.loads(text)["topic"]])
        return cls(topic=topic)


def topic_of(row: ConsumerRow) -> str:
    """What a relay of a topic reads."""
    with readable(row.name, "its filter"):
        return MessageFilter.from_json(row.filter).topic


def query_of(row: ConsumerRow, sources: Sources | None = None) -> Query | MessageQuery:
    """The rows that a shard reads; without `sources` older names of kinds are left out."""
    shard = (row.shard, row.shards)
    if row.log == OUTBOX:
        return MessageQuery(topic=topic_of(row), shard=shard)
    with readable(row.name, "its filter"):
        filter = EventFilter.from_json(row.filter)
    kinds = tuple(sorted(sources(filter.kinds))) if sources else filter.kinds
    return Query(kinds=kinds, categories=filter.categories, shard=shard)
