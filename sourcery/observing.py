"""Observers: told of every append, page and batch of messages, around it, by the thread at work.

    class Slow(Observer):
        @contextmanager
        def handling(self, page: ObservedPage) -> Generator[None]:
            began = time.monotonic()
            yield
            print(page.consumer, page.handled, time.monotonic() - began)

    store = EventStore(url, observers=[Slow()])

An observer only looks on: whatever it raises is logged once, and nothing else comes of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Any, Final, cast

from attrs import define, field, frozen

from sourcery.context import decode_metadata
from sourcery.errors import InvalidArgument
from sourcery.messages import Message, Result
from sourcery.recorded import StoredRow
from sourcery.stream import Stream
from sourcery.token import Token

logger: logging.Logger = logging.getLogger("sourcery.observing")

#: Index of the position and of the metadata in a stored event.
_POSITION, _METADATA = 0, 8


@define(kw_only=True, eq=False)
class ObservedAppend:
    """What a unit of work, or a page, writes into the logs, from before it is written."""

    #: Those with new events.
    streams: Sequence[Stream]
    #: Numbers of new events and outbox messages.
    events: int
    messages: int
    #: Whether the commit is left to the owner of the transaction.
    joined: bool
    #: Set when it is written; None before, after a failure, and of nothing.
    token: Token | None = None


@define(kw_only=True, eq=False)
class ObservedPage:
    """What a subscriber's handler is given in one transaction, from before it is called."""

    consumer: str
    shard: int
    #: Whether the shard has not caught up since this worker claimed or rewound it: then these
    #: may be events that were handled before.
    catching_up: bool
    #: Whether it is a dead letter that is tried again.
    is_letter: bool
    #: As they are stored. A page may end before the last of them.
    rows: Sequence[StoredRow] = field(repr=False)
    #: Set at the end: how many rows are done, and how many of them the handler was given.
    done: int = 0
    handled: int = 0

    @property
    def first(self) -> int:
        """The position of the first event."""
        return int(self.rows[0][_POSITION])

    @property
    def last(self) -> int:
        """The position of the last event that is done, or of the first."""
        return int(self.rows[max(self.done, 1) - 1][_POSITION])

    def traceparents(self) -> list[str]:
        """The trace contexts of the events that are done, or of the first; each once."""
        rows = self.rows[: max(self.done, 1)]
        found = [decode_metadata(row[_METADATA]).traceparent for row in rows]
        return list(dict.fromkeys(one for one in found if one))


@define(kw_only=True, eq=False)
class ObservedBatch:
    """Messages that a relay gives to its publisher in one call, from before it."""

    relay: str
    messages: Sequence[Message]
    #: Whether the shard has not caught up since this worker claimed or rewound it.
    catching_up: bool
    #: Set when the publisher has answered: one for each message; empty when it raised.
    results: Sequence[Result] = ()

    def traceparents(self) -> list[str]:
        """The trace contexts of the messages; each once."""
        found = [message.headers.get("traceparent") for message in self.messages]
        return list(dict.fromkeys(one for one in found if one))


class Observer:
    """Override what you want to be told of; the base does nothing.

    Each method gives a context manager, which is entered before and left after: with the
    exception, if it failed. It cannot suppress one. Called by several threads at once.
    """

    def appending(self, append: ObservedAppend) -> AbstractContextManager[object]:
        """Around writing events and messages, and the commit unless it is joined."""
        return nullcontext()

    def handling(self, page: ObservedPage) -> AbstractContextManager[object]:
        """Around the handler's calls for one page and its commit."""
        return nullcontext()

    def publishing(self, batch: ObservedBatch) -> AbstractContextManager[object]:
        """Around one call of the publisher."""
        return nullcontext()

    def traceparent(self) -> str | None:
        """The W3C trace context for the metadata of what is recorded or published now."""
        return None


@frozen(eq=False)
class Observers:
    """All observers of a store, as one that never raises."""

    observers: tuple[Observer, ...] = ()
    #: What was said already: an observer that always fails says so once.
    _said: set[tuple[type[Any], type[Any]]] = field(factory=set[tuple[type[Any], type[Any]]])
    #: Whether there are any; asked at every append, so it is no call.
    watching: bool = False

    @classmethod
    def of(cls, given: object) -> Observers:
        """Raises `InvalidArgument` for what is no `Observer`."""
        if not isinstance(given, Iterable):
            raise InvalidArgument("observers", "must be a list of Observer objects")
        observers = tuple(cast(Iterable[object], given))
        for one in observers:
            if not isinstance(one, Observer):
                problem = f"must be Observer objects, not {type(one).__name__}"
                raise InvalidArgument("observers", problem)
        return cls(cast(tuple[Observer, ...], observers), watching=bool(observers))

    def appending(self, append: ObservedAppend) -> AbstractContextManager[object]:
        """Around writing."""
        return self._around(lambda one: one.appending(append))

    def handling(self, page: ObservedPage) -> AbstractContextManager[object]:
        """Around a page."""
        return self._around(lambda one: one.handling(page))

    def publishing(self, batch: ObservedBatch) -> AbstractContextManager[object]:
        """Around a call of a publisher."""
        return self._around(lambda one: one.publishing(batch))

    def traceparent(self) -> str | None:
        """The first that an observer has."""
        for one in self.observers:
            with self.harmless(one):
                found = one.traceparent()
                if isinstance(found, str):
                    return found
        return None

    def _around(self, block: _Block) -> AbstractContextManager[object]:
        return _Around(self, block) if self.watching else _NOTHING

    @contextmanager
    def harmless(self, observer: Observer) -> Generator[None]:
        """Around what is an observer's own."""
        try:
            yield
        except Exception as error:
            said = (type(observer), type(error))
            if said not in self._said:
                self._said.add(said)
                name = type(observer).__qualname__
                logger.warning("observer %s failed: this is said once", name, exc_info=True)


_Block = Callable[[Observer], AbstractContextManager[object]]
_NOTHING: Final = nullcontext()


@define(eq=False)
class _Around:
    """The blocks of all observers, left in the opposite order."""

    _observers: Observers
    _block: _Block
    _entered: list[tuple[Observer, AbstractContextManager[object]]] = field(
        factory=list[tuple[Observer, AbstractContextManager[object]]]
    )

    def __enter__(self) -> None:
        for one in self._observers.observers:
            with self._observers.harmless(one):
                block = self._block(one)
                block.__enter__()
                self._entered.append((one, block))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for one, block in reversed(self._entered):
            with self._observers.harmless(one):
                block.__exit__(kind, error, traceback)
