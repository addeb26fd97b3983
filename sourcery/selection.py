"""What to read: a query with its bounds, checked where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Event
from typing import Final, TypedDict

from attrs import evolve, frozen

from sourcery.arguments import is_several
from sourcery.errors import InvalidArgument
from sourcery.log import Query
from sourcery.start import NOW, Start
from sourcery.stream import CATEGORY_LENGTH, Stream, check_name

#: Above every version and position.
END: Final = 2**63 - 1


class ReadOptions(TypedDict, total=False):
    """What `EventStore.read` takes beside a stream and events; it says what each means."""

    categories: Iterable[str]
    after: int
    to: int | None
    from_version: int
    to_version: int | None
    until: datetime | None
    backward: bool
    limit: int | None
    unsettled: bool


class SubscribeOptions(TypedDict, total=False):
    """What `EventStore.subscribe` takes beside events; it says what each means."""

    after: Start
    categories: Iterable[str]
    timeout: float | None
    stop: Event | None
    on_caught_up: Callable[[], object] | None


def _check_until(until: object) -> None:
    if until is not None:
        check_moment("until", until)


def check_moment(name: str, moment: object) -> datetime:
    """Give an aware datetime back, or raise `InvalidArgument`."""
    if not isinstance(moment, datetime):
        raise InvalidArgument(name, f"must be a datetime, not {type(moment).__name__}")
    _check_aware(name, moment)
    return moment


def check_position(name: str, value: int) -> int:
    """Give a position or version back, or raise `InvalidArgument`."""
    _whole_number(name, value, 0)
    return value


def _check_aware(name: str, moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise InvalidArgument(name, "is a naive datetime: give it a time zone")


def check_start(start: object, name: str = "after") -> None:
    """Raise `InvalidArgument` for what is neither a position, a time nor `NOW`."""
    if isinstance(start, datetime):
        _check_aware(name, start)
    elif isinstance(start, int) and not isinstance(start, bool):
        _whole_number(name, start, 0)
    elif start is not NOW:
        problem = f"must be a position, an aware datetime or NOW, not {type(start).__name__}"
        raise InvalidArgument(name, problem)


def _whole_number(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= END:
        raise InvalidArgument(name, f"must be a whole number from {least} to 2**63 - 1")


def check_stream(stream: object) -> None:
    """Raise `InvalidArgument` for what is no `Stream`, such as its name as text."""
    if not isinstance(stream, Stream):
        problem = f"must be a Stream(category, id), not {type(stream).__name__}"
        raise InvalidArgument("stream", problem)


def check_categories(stream: Stream | None, categories: Iterable[str]) -> tuple[str, ...]:
    """Give valid categories back; none may be named beside a stream, which has its own."""
    if isinstance(categories, str):
        raise InvalidArgument("categories", f"takes several: write [{categories!a}]")
    if not is_several(categories):
        problem = f"must be several strings, not {type(categories).__name__}"
        raise InvalidArgument("categories", problem)
    names = tuple(check_name("category", name, CATEGORY_LENGTH) for name in categories)
    if stream is not None and names:
        raise InvalidArgument("categories", f"{stream} is of one category already")
    return names


def check_stop(stop: object) -> None:
    """Raise `InvalidArgument` for what cannot be waited for as an Event is."""
    if stop is not None and not (hasattr(stop, "is_set") and hasattr(stop, "wait")):
        raise InvalidArgument("stop", f"must be a threading.Event, not {type(stop).__name__}")


def check_call(name: str, function: object) -> None:
    """Raise `InvalidArgument` for what is neither a function nor None."""
    if function is not None and not callable(function):
        raise InvalidArgument(name, f"must be a function, not {type(function).__name__}")


def bounds(
    stream: Stream | None, after: int, to: int | None, from_version: int, to_version: int | None
) -> tuple[int, int]:
    """Exclusive lower and inclusive upper bound: versions of a stream, positions of the log."""
    if stream is not None:
        check_stream(stream)
    if stream is None and (from_version, to_version) != (1, None):
        raise InvalidArgument("from_version", "versions bound one stream: name it, or use after=")
    if stream is not None and (after, to) != (0, None):
        raise InvalidArgument("after", "positions bound the log: for a stream use from_version=")
    _whole_number("after", after, 0)
    _whole_number("from_version", from_version, 1)
    upper = to if stream is None else to_version
    if upper is not None:
        _whole_number("to" if stream is None else "to_version", upper, 0)
    lower = after if stream is None else from_version - 1
    return lower, END if upper is None else upper


@frozen(kw_only=True)
class Selection:
    """A query and its bounds: `above < key <= upto`, at most `limit` events."""

    query: Query
    above: int = 0
    upto: int = END
    limit: int | None = None
    #: Read everything committed, even where earlier positions may still appear.
    unsettled: bool = False

    def __attrs_post_init__(self) -> None:
        _check_until(self.query.until)
        if self.limit is not None:
            _whole_number("limit", self.limit, 0)

    def beyond(self, key: int) -> Selection:
        """What is left after the event at `key`."""
        return evolve(self, upto=key - 1) if self.query.backward else evolve(self, above=key)
