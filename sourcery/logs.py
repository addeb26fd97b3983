"""Reading the log: once, or on and on as events come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from threading import Event
from typing import Any, TypeVar, overload

from typing_extensions import TypeForm, Unpack

from sourcery.errors import InvalidArgument
from sourcery.events import event_classes
from sourcery.log import Query
from sourcery.reading import read_events
from sourcery.recorded import Recorded
from sourcery.selection import (
    ReadOptions,
    Selection,
    SubscribeOptions,
    bounds,
    check_categories,
)
from sourcery.start import ORIGIN, Start
from sourcery.states import States
from sourcery.stream import Stream
from sourcery.subscription import Subscription

E = TypeVar("E")


class Logs(States):
    """The part of a store that reads events."""

    _declared: tuple[type[Any], ...]

    @overload
    def read(
        self,
        stream: Stream | None = None,
        *,
        events: TypeForm[E],
        **options: Unpack[ReadOptions],
    ) -> Iterator[Recorded[E]]: ...

    @overload
    def read(
        self, stream: Stream | None = None, **options: Unpack[ReadOptions]
    ) -> Iterator[Recorded[Any]]: ...

    def read(  # noqa: PLR0913 - each narrows what is read, none needs another
        self,
        stream: Stream | None = None,
        *,
        events: Any = None,
        categories: Iterable[str] = (),
        after: int = 0,
        to: int | None = None,
        from_version: int = 1,
        to_version: int | None = None,
        until: datetime | None = None,
        backward: bool = False,
        limit: int | None = None,
        unsettled: bool = False,
    ) -> Iterator[Recorded[Any]]:
        """Iterate over events in position order, in bounded memory.

        One stream is read to its end, bounded by `from_version` and `to_version` (both
        inclusive). The whole log, or some `categories` of it, is read from `after`
        (exclusive) up to `to` (inclusive), and never past the settled position, so that the
        last position read is a safe place to go on from; `unsettled=True` reads all that is
        committed and is not. `events` is a union of event classes, by default all that the
        store declares; other kinds are passed over. `until` keeps events recorded at or
        before an aware time. `limit` counts stored events.

        Each page is a statement of its own; no transaction stays open between events.
        Raises `DecodeError` at an event that does not fit its class, `EventAhead` at one of a
        newer program than this, `StoreRewound` when the history that was read is no longer there.
        """
        decoder = self.decoder(self.wanted(events))
        query = Query(
            stream=stream,
            kinds=tuple(sorted(decoder.kinds)),
            categories=check_categories(stream, categories),
            until=until,
            backward=backward,
        )
        above, upto = bounds(stream, after, to, from_version, to_version)
        selection = Selection(query=query, above=above, upto=upto, limit=limit, unsettled=unsettled)
        return read_events(self.database, decoder, selection)

    @overload
    def subscribe(
        self, *, events: TypeForm[E], **options: Unpack[SubscribeOptions]
    ) -> Subscription[E]: ...

    @overload
    def subscribe(self, **options: Unpack[SubscribeOptions]) -> Subscription[Any]: ...

    def subscribe(
        self,
        *,
        after: Start = ORIGIN,
        events: Any = None,
        categories: Iterable[str] = (),
        timeout: float | None = None,
        stop: Event | None = None,
        on_caught_up: Callable[[], object] | None = None,
    ) -> Subscription[Any]:
        """Iterate over the log's events as they settle: those that are there, then new ones.

        Begins after a position, at an aware time, or at `NOW`, which is resolved here: what is
        committed later or not settled yet is delivered. `events` and `categories` select as in
        `read`. Iteration ends after `timeout` seconds without an event, with 0 as soon as no
        event is there, and at once when `stop` is set; iterating again goes on.
        `on_caught_up` is called once, in the iterating thread, when all that was settled is
        handed out. Memory holds a page, and no transaction is open between events. Raises
        `InvalidArgument` for a position beyond the log.
        """
        decoder = self.decoder(self.wanted(events, "subscribe"))
        query = Query(
            kinds=tuple(sorted(decoder.kinds)), categories=check_categories(None, categories)
        )
        return Subscription(
            self.database,
            decoder,
            query,
            after,
            timeout=timeout,
            stop=stop,
            on_caught_up=on_caught_up,
        )

    def wanted(self, events: object, by: str = "read") -> tuple[type[Any], ...]:
        """The classes of a union, or all that the store declares; none is an error."""
        classes = self._declared if events is None else event_classes(events)
        if not classes:
            problem = f"say which: {by}(events=A | B), or EventStore(..., aggregates=[...])"
            raise InvalidArgument("events", problem)
        return classes
