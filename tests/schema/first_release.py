"""What the first release wrote, in SQL that names the columns of its own revision.

It imports nothing of ours, so that it goes on writing and reading like that release.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

#: The tables at revision 1, in an order to write them, and their columns.
COLUMNS = {
    "sourcery_events": "position category stream_id version event_id kind schema_version bucket"
    " data metadata recorded_at",
    "sourcery_outbox": "position message_id topic key bucket headers payload content_type"
    " created_at",
    "sourcery_positions": "id last",
    "sourcery_store": "id store_id generation minimum_revision database_name system_identifier"
    " environment",
}
CATEGORY, STREAM, KIND = "account", "ada", "account.opened"
MOMENT = "2026-01-02 03:04:05.678901"


def names(connection: Connection, table: str) -> str:
    """The columns as SQL; `key` is a word of MariaDB's."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    return ", ".join(quote(column) for column in COLUMNS[table].split())


def write(engine: Engine, version: int) -> None:
    """Append one event, of this version, and send one message."""
    with engine.begin() as connection:
        event = {
            "category": CATEGORY,
            "stream_id": STREAM,
            "version": version,
            "event_id": str(uuid4()),
            "kind": KIND,
            "schema_version": 1,
            "bucket": 7,
            "data": '{"owner":"Ada"}',
            "metadata": "{}",
            "recorded_at": MOMENT,
        }
        message = {
            "message_id": str(uuid4()),
            "topic": "accounts",
            "key": STREAM,
            "bucket": 7,
            "headers": "{}",
            "payload": b"\x00\xff",
            "content_type": "application/octet-stream",
            "created_at": MOMENT,
        }
        _insert(connection, "sourcery_events", event)
        _insert(connection, "sourcery_outbox", message)


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    position = _draw(connection)
    values = ", ".join(f":{column}" for column in COLUMNS[table].split())
    statement = text(f"INSERT INTO {table} ({names(connection, table)}) VALUES ({values})")
    connection.execute(statement, {"position": position, **row})


def _draw(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return int(
            connection.execute(text("SELECT nextval('sourcery_positions_seq')")).scalar_one()
        )
    connection.execute(text("UPDATE sourcery_positions SET last = last + 1 WHERE id = 1"))
    found = connection.execute(text("SELECT last FROM sourcery_positions WHERE id = 1"))
    return int(found.scalar_one())


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, but for the revision that the store's row tells."""
    with engine.connect() as connection:
        return {
            table: [
                tuple(row)
                for row in connection.execute(
                    text(f"SELECT {names(connection, table)} FROM {table} ORDER BY 1")
                )
            ]
            for table in COLUMNS
        }
