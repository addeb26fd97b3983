"""Keys of messages as dead letters name them."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID


def letter_key(topic: str, key: str | None, message_id: UUID) -> str:
    """Topic and key as one readable text, from which both can be told.

    A message without key has only itself to be in order with.
    """
    place = _place(topic)
    return f"{place}#{message_id}" if key is None else f"{place}/{key}"


@lru_cache(maxsize=256)
def _place(topic: str) -> str:
    return topic.replace("%", "%25").replace("/", "%2F").replace("#", "%23")
