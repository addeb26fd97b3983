"""What the histories are about: accounts and orders, and what is made of them."""

from __future__ import annotations

from attrs import Factory, define
from sqlalchemy import Column, Integer, MetaData, String, Table

from sourcery import Outgoing, Projection, Recorded, Stream, always, every, outgoing
from tests.domain import AccountEvent, Deposited, Opened, OrderEvent, Placed, Shipped, Withdrawn

#: Topics: messages by hand, and those of a mapping.
BY_HAND, MAPPED = "payments", "withdrawals"
PLACES = [("account", "a"), ("account", "b"), ("account", "c"), ("order", "1"), ("order", "2")]
#: What the process manager appends to.
MIRROR = "mirror"

tables = MetaData()
#: A row for each time a handler was given an event, in order.
delivered = Table(
    "model_delivered",
    tables,
    Column("n", Integer, primary_key=True),
    Column("consumer", String(40), nullable=False),
    Column("position", Integer, nullable=False),
)
#: The caller's own rows.
notes = Table(
    "model_notes",
    tables,
    Column("n", Integer, primary_key=True),
    Column("text", String(40), nullable=False),
)


@define
class Movements(Projection[AccountEvent], name="movements", snapshot=every(2)):
    """Everything that moves money, in the order of the log."""

    amounts: list[int] = Factory(list)

    def apply(self, recorded: Recorded[AccountEvent]) -> None:
        """Evolve."""
        self.amounts.append(getattr(recorded.event, "amount", 0))


@define
class Card(
    Projection[OrderEvent], name="card", categories=["order"], per="stream", snapshot=always()
):
    """What became of one order."""

    steps: list[str] = Factory(list)

    def apply(self, recorded: Recorded[OrderEvent]) -> None:
        """Evolve."""
        self.steps.append(f"{recorded.version} {type(recorded.event).__name__}")


@outgoing(Withdrawn)
def withdrawals(event: Withdrawn, stream: Stream) -> Outgoing:
    """Each is reported."""
    return Outgoing(MAPPED, {"n": event.amount})


def event_of(place: tuple[str, str], what: int, n: int) -> object:
    """One of the events that a stream may have; `n` tells it from others."""
    if place[0] == "order":
        return [Placed(f"item {n}"), Shipped(), Placed(f"thing {n}")][what]
    return [Deposited(n), Withdrawn(n), Opened(f"owner {n}")][what]
