"""Short ways to accept, and looks at what the inbox holds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from sourcery import EventStore, UnitOfWork
from sourcery.dialects.statements import Statement
from sourcery.schema import inbox

PAYMENTS = "payments"


def accepted(store: EventStore, message_id: Any, consumer: Any = PAYMENTS, **options: Any) -> bool:
    """Accept in a unit of work of its own, which does nothing else."""
    with UnitOfWork(store) as uow:
        return uow.accept(consumer, message_id, **options)


def remembered(store: EventStore) -> list[tuple[str, str]]:
    """Consumer and id of all that was accepted, without the marks of a purge."""
    ids = select(inbox.c.consumer, inbox.c.message_id).where(inbox.c.message_id != "")
    with store.database.reading() as connection:
        return sorted((row[0], row[1]) for row in connection.execute(ids))


def rows_stored(store: EventStore) -> int:
    """Rows of the inbox, marks included."""
    with store.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(inbox)) or 0


def let_pass(store: EventStore, age: timedelta, message_id: str | None = None) -> None:
    """Let so much time pass since all was received, or since one message was."""
    older = update(inbox).where(inbox.c.message_id != "").values(received_at=bindparam("to"))
    if message_id is not None:
        older = older.where(inbox.c.message_id == message_id)
    to = store.database.dialect.moment_value(datetime.now(UTC) - age)
    with store.database.connect_to_write() as connection, connection.begin():
        Statement(older).run(connection, {"to": to})


def uuid_of(moment: datetime) -> UUID:
    """A UUIDv7 that was made then."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | 5)
