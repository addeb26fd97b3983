"""`eventsourcing`, with its own PostgreSQL or SQLite module or with `eventsourcing-sqlalchemy`.

Run by `benchmarks.peers` in an environment with that library and without ours; settings come in
environment variables, as the library wants them. Prints microseconds of an event as JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

LONG = 1000
PAGE = 500
AT = datetime(2026, 11, 28, 12, 30, 15, 123456, UTC)


class App(Application[UUID]):
    """With pages as large as ours."""

    log_section_size = PAGE


class Notes(Aggregate):
    """Counts and adds."""

    def __init__(self) -> None:
        self.count = 0
        self.total = Decimal(0)

    @event("Noted")
    def note(self, id: UUID, amount: Decimal, at: datetime, text: str) -> None:
        self.count += 1
        self.total += amount


def note(notes: Notes, number: int) -> None:
    notes.note(id=UUID(int=number), amount=Decimal(number) / 100, at=AT, text="x" * 100)


def noted(app: Application[UUID], events: int) -> UUID:
    """A new aggregate."""
    notes = Notes()
    for number in range(events):
        note(notes, number)
    app.save(notes)
    return notes.id


def change(app: Application[UUID], id: UUID) -> None:
    notes: Notes = app.repository.get(id)
    note(notes, 7)
    app.save(notes)


def replay(app: Application[UUID], id: UUID) -> None:
    notes: Notes = app.repository.get(id)
    assert notes.count == LONG, notes.count


def follow(app: Application[UUID], start: int) -> int:
    """Read and decode the log, page by page; nothing is stored about it."""
    count = 0
    while page := app.notification_log.select(start, PAGE):
        for notification in page:
            app.mapper.to_domain_event(notification)
        count += len(page)
        start = page[-1].id + 1
    return count


def median(operation: Callable[[Any], object], of: Iterable[Any]) -> float:
    taken: list[float] = []
    for one in of:
        began = time.perf_counter()
        operation(one)
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def main(operations: int) -> None:
    app = App(env={"APPLICATION_NAME": f"b{uuid4().hex[:8]}"})
    first = [noted(app, 1) for _ in range(operations + 10)]
    for id in first[:10]:
        change(app, id)
    long = noted(app, LONG)
    replay(app, long)
    for _ in range(int(sys.argv[2])):
        noted(app, LONG)
    began = time.perf_counter()
    count = follow(app, 1)
    seconds = time.perf_counter() - began
    figures = {
        "one": median(lambda of: change(app, of), first[10:]) * 1e6,
        "replay": median(lambda of: replay(app, of), [long] * 10) / LONG * 1e6,
        "catch-up": seconds / count * 1e6,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
