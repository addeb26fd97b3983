"""What is stored in the benchmarks: one event of four fields, and an aggregate of it.

The payload is that of the comparison with other libraries: an id, a decimal, a time and a text of
a hundred characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from attrs import define, frozen

from sourcery import Aggregate, Stream, event

KIND: Final = "bench.noted"
CATEGORY: Final = "note"
TEXT: Final = "x" * 100
AT: Final = datetime(2026, 11, 28, 12, 30, 15, 123456, UTC)


@event(KIND)
@frozen
class Noted:
    """The event of all scenarios."""

    id: UUID
    amount: Decimal
    at: datetime
    text: str


@define
class Notes(Aggregate[Noted], category=CATEGORY):
    """Counts and adds."""

    count: int = 0
    total: Decimal = Decimal(0)

    def note(self, noted: Noted) -> None:
        self.record(noted)

    def apply(self, event: Noted) -> None:
        self.count += 1
        self.total += event.amount


def noted(number: int) -> Noted:
    """The event of a number."""
    return Noted(UUID(int=number), Decimal(number) / 100, AT, TEXT)


def raw_json(event: Noted) -> str:
    """As somebody writes it by hand with orjson."""
    return orjson.dumps(
        {
            "id": str(event.id),
            "amount": str(event.amount),
            "at": event.at.isoformat(),
            "text": event.text,
        }
    ).decode()


def raw_event(data: str | bytes) -> Noted:
    """And reads it: orjson, then the constructors."""
    plain: dict[str, Any] = orjson.loads(data)
    return Noted(
        UUID(plain["id"]),
        Decimal(plain["amount"]),
        datetime.fromisoformat(plain["at"]),
        plain["text"],
    )


def streams(of: str) -> Iterator[Stream]:
    """New streams without end; no other run has them."""
    run, number = uuid4().hex[:12], 0
    while True:
        yield Stream(CATEGORY, f"{of}-{run}-{number}")
        number += 1
