"""Projections that keep snapshots, and looks at what is stored of them."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, field, frozen
from sqlalchemy import select, text

from sourcery import Aggregate, EventStore, Recorded, Stream, UnitOfWork, always, never
from sourcery.following import Follower
from sourcery.schema import events as events_table
from sourcery.schema import snapshots as table
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.projections import History


@define
class Kept(History, name="kept", snapshot=always()):
    """All that happened, with a snapshot after each load that found something."""


@define
class Asked(History, name="asked", snapshot=never()):
    """A snapshot only when asked for one."""


@define
class KeptThing(History, name="kept-thing", categories=["thing"], per="stream", snapshot=always()):
    """One for each thing."""


@define
class KeptNumber(History, name="kept-number", snapshot=always()):
    """One for each number that happened."""

    def concerns(self, recorded: Recorded[Happened]) -> bool:
        """Select."""
        return str(recorded.event.number) == self.id


@define
class Thing(Aggregate[Happened], category="thing", snapshot=never()):
    """What happened to one thing."""

    numbers: list[int] = field(factory=list[int])

    def happen(self, number: int) -> None:
        """Let it."""
        self.record(Happened(number))

    def apply(self, event: Happened) -> None:
        """Evolve."""
        self.numbers.append(event.number)


def append_to(store: EventStore, category: str, *numbers: int, stream_id: str = "a") -> int:
    """Append to a stream of any category; the position of the last event."""
    with UnitOfWork(store) as uow:
        uow.append(Stream(category, stream_id), [Happened(n) for n in numbers])
    return uow.token.last


@frozen
class Stored:
    """What there is of one snapshot."""

    owner: str
    tag: str
    version: int


def stored(store: EventStore, owner: str = "") -> list[Stored]:
    """The snapshots of the database, or those of one owner kind."""
    columns = table.c.owner_kind, table.c.schema_tag, table.c.version
    query = select(*columns).order_by(*columns)
    with store.database.reading() as connection:
        found = [Stored(*row) for row in connection.execute(query)]
    return [one for one in found if owner in one.owner]


def versions(store: EventStore) -> list[int]:
    """Up to where each snapshot goes."""
    return [one.version for one in stored(store)]


def forget_event(store: EventStore, position: int) -> None:
    """Take an event out of the log by hand, as a restored database does."""
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(events_table.delete().where(events_table.c.position == position))


def change_event(store: EventStore, position: int, **values: str) -> None:
    """Write an event by hand, as the text it is."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    statement = text(f"update sourcery_events set {changes} where position = :position")
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(statement, values | {"position": position})


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    """What was said of snapshots."""
    return [r.getMessage() for r in log.records if r.levelno >= logging.WARNING]


@frozen
class Reading:
    """What was asked of the event table."""

    #: Positions of the rows that came back, for each page of the log.
    pages: list[list[int]] = field(factory=list[list[int]])

    @property
    def positions(self) -> list[int]:
        """Of all pages."""
        return [position for page in self.pages for position in page]


@contextmanager
def reading_pages(monkeypatch: Any) -> Generator[Reading]:
    """Note each row of the log that is given to whoever follows it."""
    reading, look = Reading(), Follower.look

    def noted(self: Follower, **options: Any) -> Any:
        page = look(self, **options)
        reading.pages.append([row[0] for row in page.rows])
        return page

    with monkeypatch.context() as patch:
        patch.setattr(Follower, "look", noted)
        yield reading
