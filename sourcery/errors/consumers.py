"""Errors of consumers, of those who wait for them, and of those who steer them."""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from sourcery.errors.base import ConfigurationError, SourceryError

#: The cause of a shard that somebody paused.
PAUSED: Final = "it is paused"


@define
class UseTheHandlersSession(SourceryError):
    """A handler began a transaction of its own, or waited for a token, inside its page.

    It would wait for itself: the page's transaction is open and holds locks.
    """

    what: str

    def __str__(self) -> str:
        return (
            f"{self.what} inside a handler would wait for the handler's own transaction: use the "
            f"unit of work the handler was given, or UnitOfWork(store, session=uow.session)"
        )


@define
class ConsumerNotFound(SourceryError, LookupError):
    """No consumer of that name has ever run on this database."""

    name: str

    def __str__(self) -> str:
        return f"consumer {self.name!a} has never run here: start its Subscriber or Relay first"


@define
class ConsumerDamaged(SourceryError):
    """The rows of a consumer were changed by hand: some of its shards are missing."""

    name: str
    problem: str

    def __str__(self) -> str:
        return (
            f"consumer {self.name!a}: {self.problem}; bring its rows in sourcery_consumers back, "
            f"or call Consumer(store, {self.name!a}).forget() and begin anew"
        )


@define
class ConsumerMismatch(ConfigurationError):
    """A consumer is stored with another log, number of shards or filter than the program says."""

    name: str
    what: str
    stored: Any
    given: Any
    remedy: str

    def __str__(self) -> str:
        return (
            f"consumer {self.name!a} is stored with {self.what} {self.stored}, the program says "
            f"{self.given}: {self.remedy}"
        )


@define
class ConsumerFailed(SourceryError):
    """A consumer stopped, or gave up an event, and waiting for it is of no use.

    Mend the handler, then `Consumer(store, name).resume()`, or `retry()` for letters.
    """

    name: str
    shard: int
    #: Checkpoint of the shard (it failed on what follows), or position of the letter.
    position: int | None
    #: Class and text of the handler's error, as stored.
    cause: str

    def __str__(self) -> str:
        at = "" if self.position is None else f" after position {self.position}"
        mend = "" if self.cause == PAUSED else "mend the cause, then "
        return (
            f"consumer {self.name!a} shard {self.shard} failed{at}: {self.cause}; {mend}"
            f"call Consumer(store, {self.name!a}).resume(), or retry() for its dead letters"
        )


@define
class ProjectionFailed(SourceryError):
    """A live projection ended, so its state goes on no more. Its cause is chained."""

    name: str
    position: int | None
    cause: str

    def __str__(self) -> str:
        at = "" if self.position is None else f" at position {self.position}"
        return f"live projection {self.name!a} failed{at}: {self.cause}; mend it and start it anew"


@define
class ProjectionNotRunning(SourceryError):
    """A live projection was asked for its state before it was started, or after its stop."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"live projection {self.name!a} {self.problem}"


@define
class WaitTimeout(SourceryError, TimeoutError):
    """What was waited for did not come in time. It may yet come: waiting again is safe."""

    who: str
    seconds: float
    #: Position that must be reached.
    needed: int
    #: Position reached so far.
    reached: int
    #: Settled position of the store: below `needed`, a transaction in flight holds it back.
    settled: int
    #: What it waits for itself, and what to do then; None when nothing is known of that.
    because: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.who} reached position {self.reached} of {self.needed} in {self.seconds:g} "
            f"seconds (settled: {self.settled}): "
            f"{self.because or 'wait longer, or look at its health'}"
        )


@define
class TokenRefused(SourceryError, ValueError):
    """A token names nothing that can be waited for here."""

    problem: str

    def __str__(self) -> str:
        return f"this token {self.problem}: take a new one from the commit or from store.now()"


@define
class RequestUnanswered(SourceryError, TimeoutError):
    """A request to a consumer was written, but not obeyed in time.

    It stays written: the owner obeys it at its next page.
    """

    name: str
    request: str
    seconds: float

    def __str__(self) -> str:
        return (
            f"consumer {self.name!a} did not obey {self.request!a} in {self.seconds:g} seconds: "
            f"it will at its next page; look at its health for what it is doing"
        )


@define
class RequestRefused(SourceryError):
    """A consumer could not do what it was asked. Nothing was changed."""

    name: str
    request: str
    problem: str

    def __str__(self) -> str:
        return f"consumer {self.name!a} refused {self.request!a}: {self.problem}"


@define
class SlowReader(SourceryError):
    """A reader of updates was too slow, and updates between were dropped.

    Take the state anew with `updates()`, which gives state and stream together.
    """

    name: str
    dropped: int

    def __str__(self) -> str:
        return (
            f"a reader of live projection {self.name!a} fell {self.dropped} updates behind: "
            f"call updates() again for the state and the updates that follow it"
        )
