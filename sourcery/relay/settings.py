"""What a relay is told, checked where it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypedDict, cast

from sourcery.errors import InvalidArgument
from sourcery.messages import Publisher
from sourcery.stream import CONSUMER_LENGTH, LONGEST_TOPIC, check_name
from sourcery.worker import Action, ErrorPolicy, Settings, error_policy

#: Messages read at once.
PAGE: Final = 200
#: Attempts after the first, and seconds between two: at first, and at most.
_RETRIES: Final = 19
_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 300.0
#: Between a relay's name and a topic.
_BETWEEN: Final = ":"


class RelayOptions(TypedDict, total=False):
    """What else `Relay.of_events` takes; the constructor of `Relay` says what each means."""

    shards: int
    on_error: ErrorPolicy | Action
    page: int
    lease: float
    page_timeout: float
    interval: float
    longest_interval: float
    on_caught_up: Callable[[], object] | None


def relay_policy(given: ErrorPolicy | Action) -> ErrorPolicy:
    """A policy from its short name: 20 attempts, with the patience that brokers need."""
    if isinstance(given, ErrorPolicy):
        return error_policy(given)
    return ErrorPolicy(given, retries=_RETRIES, wait=_WAIT, longest_wait=_LONGEST_WAIT)


def relay_settings(publisher: Publisher, settings: Settings) -> Settings:
    """Give the settings back. Raises `InvalidArgument` where they do not fit the publisher."""
    if not _is_publisher(publisher):
        problem = f"must be a Publisher, not {type(publisher).__name__}"
        raise InvalidArgument("publisher", problem)
    if not _is_seconds(publisher.timeout):
        raise InvalidArgument("publisher", "its timeout must be a number of seconds above 0")
    if settings.lease <= publisher.timeout:
        problem = (
            f"must be longer than the publisher's timeout ({publisher.timeout:g} seconds): who "
            f"sends must still have the shard when the broker answers"
        )
        raise InvalidArgument("lease", problem)
    return settings


def _is_publisher(given: object) -> bool:
    return isinstance(given, Publisher)


def _is_seconds(timeout: object) -> bool:
    return isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0


def relay_name(name: str) -> str:
    """Give a relay's name back, of which with a topic a consumer's name is made."""
    text = check_name("relay", name, CONSUMER_LENGTH - LONGEST_TOPIC - len(_BETWEEN))
    if _BETWEEN in text:
        problem = f"holds a {_BETWEEN!r}, which comes between it and a topic"
        raise InvalidArgument("name", problem)
    return text


def consumer_name(relay: str, topic: str) -> str:
    """The consumer of one topic."""
    return f"{relay}{_BETWEEN}{topic}"


def check_topics(topics: Iterable[str] | None) -> tuple[str, ...] | None:
    """Give topics back, each once; None for all that there are."""
    if topics is None:
        return None
    if isinstance(topics, str):
        raise InvalidArgument("topics", f"takes several: write [{topics!a}]")
    if not isinstance(cast(object, topics), Iterable):
        raise InvalidArgument("topics", "must be several strings, or None for all topics")
    names = [check_name("topic", topic, LONGEST_TOPIC) for topic in topics]
    if not names:
        raise InvalidArgument("topics", "names none: leave it out for all topics")
    return tuple(dict.fromkeys(names))
