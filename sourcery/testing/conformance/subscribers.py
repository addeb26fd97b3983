"""Handlers, and looks at what consumers have stored."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from attrs import define, field

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from sourcery.consumers import ConsumerRow, Letter, Status, letters_of, rows_of
from sourcery.subscriber import Subscriber
from sourcery.testing.conformance.domain import AccountEvent, AnyEvent, Deposited, Note, append
from sourcery.testing.conformance.support import DEADLINE
from sourcery.worker import ErrorPolicy

T = TypeVar("T")

NAME = "notes"
#: Tries again at once, as far as a test is concerned.
AT_ONCE = 0.001


class Handler(Protocol):
    """What a subscriber calls for each event."""

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Any], /) -> object: ...


def subscriber(store: EventStore, handler: Callable[..., object], **options: Any) -> Subscriber:
    """A consumer of everything under the usual name, unless the test says otherwise."""
    settings: dict[str, Any] = {"name": NAME, "events": AnyEvent} | options
    return Subscriber(store, settings.pop("name"), handler, **settings)


def policy(then: Any, retries: int = 0, **waits: float) -> ErrorPolicy:
    """An error policy that does not keep a test waiting."""
    return ErrorPolicy(then, retries=retries, **({"wait": AT_ONCE} | waits))


def ignore(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """Handle nothing."""


def write_note(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """A row that cannot be written twice."""
    uow.session.add(Note(text=note_of(recorded)))


def note_of(recorded: Recorded[Any]) -> str:
    """What stream and version an event has; no two have the same."""
    return f"{recorded.stream.id} {recorded.version}"


@define
class Seen:
    """A handler that notes what it is given, then does what the test says."""

    then: Handler = write_note
    notes: list[str] = field(factory=list[str])

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        """Note first: also what fails was seen."""
        self.notes.append(note_of(recorded))
        self.then(uow, recorded)


@define
class Fails:
    """A handler that fails for some events as often as it is told, and writes notes for others."""

    bad: Iterable[str]
    times: int = 1_000_000
    notes: list[str] = field(factory=list[str])

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        """Write first, so that a failure has something to undo."""
        note = note_of(recorded)
        self.notes.append(note)
        write_note(uow, recorded)
        if note in self.bad and self.times > 0:
            self.times -= 1
            raise Broken(note)


def elsewhere(function: Callable[[], T]) -> T:
    """Do something in another thread, which is in no handler, and wait for it."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(function).result(DEADLINE)


class Broken(Exception):
    """What a handler's own bug raises."""


def deposit(store: EventStore, stream_id: str | int = "ada", count: int = 1) -> int:
    """Append events to an account; the position of the last."""
    events: list[AccountEvent] = [Deposited(n) for n in range(count)]
    return append(store, Stream("account", stream_id), events).token.last


def row_of(store: EventStore, name: str = NAME, shard: int = 0) -> ConsumerRow:
    """A shard as it is stored."""
    return all_rows_of(store, name)[shard]


def status_of(store: EventStore, name: str = NAME) -> Status | None:
    """What its first shard is doing; None before its first start."""
    rows = all_rows_of(store, name)
    return rows[0].status if rows else None


def all_rows_of(store: EventStore, name: str = NAME) -> list[ConsumerRow]:
    """All shards of a consumer as they are stored."""
    with store.database.reading() as connection:
        return rows_of(connection, store.database.dialect, name)


def letters(store: EventStore, name: str = NAME) -> list[Letter]:
    """The dead letters of a consumer."""
    with store.database.reading() as connection:
        return letters_of(connection, name)


def letter_facts(store: EventStore, name: str = NAME) -> list[tuple[int, str, int]]:
    """Position, status and attempts of each letter."""
    return [(x.position, x.status.value, x.attempts) for x in letters(store, name)]


def registered(store: EventStore, name: str = NAME) -> bool:
    """Whether it has begun."""
    return bool(all_rows_of(store, name))
