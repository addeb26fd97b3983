"""Observers: each method is given what it is told of, and gives a context manager."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import assert_type

from sourcery import EventStore, ObservedAppend, ObservedBatch, ObservedPage, Observer, Token
from sourcery.ext.prometheus import StoreCollector
from sourcery.messages import Message, Result


class Watcher(Observer):
    """A generator function is the usual way."""

    @contextmanager
    def appending(self, append: ObservedAppend) -> Generator[None]:
        """Before and after."""
        yield
        assert_type(append.token, Token | None)

    def handling(self, page: ObservedPage) -> AbstractContextManager[object]:
        """Any context manager will do."""
        assert_type(page.traceparents(), list[str])
        return nullcontext(1)

    def publishing(self, batch: ObservedBatch) -> AbstractContextManager[object]:
        """With the messages, and their results at the end."""
        assert_type(batch.messages, Sequence[Message])
        assert_type(batch.results, Sequence[Result])
        return nullcontext()

    def handled(self, page: str) -> None:
        """Methods of one's own are no matter."""


def stores(url: str) -> StoreCollector:
    """Observers are given to the store, stores to the collector."""
    store = EventStore(url, observers=[Watcher(), Observer()])
    EventStore(url, observers=[Watcher])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    StoreCollector(store, shards=1)
    return StoreCollector({"shop": store})
