"""Mappings of the test bank, and looks at what they wrote."""

import json
from typing import Any

from sqlalchemy import select

from sourcery import EventStore, Outgoing, Stream, outgoing
from sourcery.schema import outbox
from tests.domain import Deposited, Opened, Withdrawn


@outgoing(Deposited)
def receipts(event: Deposited, stream: Stream) -> Outgoing:
    """One message for each."""
    return Outgoing("receipts", {"amount": event.amount})


@outgoing(Opened | Deposited | Withdrawn)
def statements(event: Opened | Deposited | Withdrawn, stream: Stream) -> list[Outgoing] | None:
    """None, or as many as the amount says."""
    if isinstance(event, Opened):
        return None
    return [Outgoing("statements", n, key="all") for n in range(event.amount)]


def sent(store: EventStore) -> list[dict[str, Any]]:
    """The rows of the outbox, in order."""
    with store.database.reading() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.position)).mappings().all()
    return [dict(row) for row in rows]


def contents(store: EventStore) -> list[tuple[str, str | None, Any]]:
    """Topic, key and payload of all messages."""
    return [(row["topic"], row["key"], json.loads(row["payload"])) for row in sent(store)]


def headers(row: dict[str, Any]) -> dict[str, str]:
    """Of one row."""
    given = row["headers"]
    return json.loads(given) if isinstance(given, str) else given
