"""How a consumer works: sizes, times, and what becomes of an event that cannot be handled."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import inf
from typing import Any, Final, Literal, TypeAlias, cast

from attrs import field, frozen

from sourcery.errors import InvalidArgument
from sourcery.log import PAGE

#: What follows when the attempts at an event are spent.
Action: TypeAlias = Literal["stop", "park", "skip"]
_ACTIONS: Final = ("stop", "park", "skip")
#: Share by which a wait is longer or shorter, so that workers do not try all at once.
_JITTER: Final = 0.2
#: Events of a page at most: all of them are in memory, and of one transaction.
LARGEST_PAGE: Final = 100_000


def positive(instance: object, attribute: Any, value: object) -> None:
    """Refuse what is no positive number (of seconds)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise InvalidArgument(attribute.name, "must be a number of seconds above 0")


def check_timeout(timeout: object) -> float:
    """Seconds, without end for None; `InvalidArgument` for what is no time to wait."""
    if timeout is None:
        return inf
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise InvalidArgument("timeout", "must be seconds, 0 or more, or None for no end")
    return timeout


def at_least(least: int) -> Callable[[object, Any, object], None]:
    """Refuse what is no whole number from `least`."""

    def check(instance: object, attribute: Any, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidArgument(attribute.name, f"must be a whole number from {least}")

    return check


def page_size(instance: object, attribute: Any, value: object) -> None:
    """Refuse what is no number of events that can be held in memory at once."""
    at_least(1)(instance, attribute, value)
    if cast(int, value) > LARGEST_PAGE:
        raise InvalidArgument(attribute.name, f"must be at most {LARGEST_PAGE}")


def _is_action(instance: object, attribute: Any, value: object) -> None:
    if value not in _ACTIONS:
        raise InvalidArgument("on_error", f"must be one of {', '.join(_ACTIONS)}, not {value!r}")


@frozen
class ErrorPolicy:
    """What a consumer does with an event that its handler cannot handle.

    It tries `retries` times more (5 by default), waiting `wait` seconds, then twice as long
    each time, up to `longest_wait`. Then `stop`: it stands still before the event and says so;
    `park`: the event becomes a dead letter, every later event of its key queues behind it,
    others go on; `skip`: the event is passed over, and listed. What cannot be decoded, or is
    refused to a read model, is not tried again.
    """

    then: Action = field(default="stop", validator=_is_action)
    retries: int = field(default=5, validator=at_least(0), kw_only=True)
    wait: float = field(default=0.5, validator=positive, kw_only=True)
    longest_wait: float = field(default=30.0, validator=positive, kw_only=True)

    def wait_after(self, attempts: int) -> float:
        """Seconds to wait after so many attempts."""
        doubled: float = self.wait * 2.0 ** min(attempts - 1, 60)
        return min(doubled, self.longest_wait) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter


@frozen(kw_only=True)
class Settings:
    """Sizes and times of one worker."""

    #: Events read at once, and handled in one transaction at most.
    page: int = field(default=PAGE, validator=page_size)
    #: Seconds of handling after which a page ends.
    page_seconds: float = field(default=1.0, validator=positive)
    #: Seconds that a shard stays ours without a sign of life; renewed three times as often.
    lease: float = field(default=30.0, validator=positive)
    #: Seconds without a turn of the loop after which its leases are renewed no more.
    page_timeout: float = field(default=300.0, validator=positive)
    #: Seconds between two looks when nothing came: at first, and at most.
    interval: float = field(default=0.05, validator=positive)
    longest_interval: float = field(default=1.0, validator=positive)
    policy: ErrorPolicy = ErrorPolicy()


def error_policy(given: ErrorPolicy | Action) -> ErrorPolicy:
    """A policy from its short name."""
    return given if isinstance(given, ErrorPolicy) else ErrorPolicy(given)
