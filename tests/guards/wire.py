"""What really goes to the database, seen at the driver or on the wire, not by SQLAlchemy."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread
from typing import IO, Any

from sqlalchemy import Engine, event, text

#: Where one message ends and the next begins in what PQtrace writes.
BETWEEN = re.compile(r"^(?=[FB]\t\d+\t)", re.MULTILINE)


class Wire:
    """Counts the statements of one engine."""

    def __init__(self) -> None:
        self.statements: list[str] = []


@contextmanager
def watching(engine: Engine) -> Iterator[Wire]:
    """Collect what the engine's connections send inside the block."""
    engine.dispose()  # connections of before are not watched
    watch = {"postgresql": _libpq, "sqlite": _sqlite}.get(engine.dialect.name, _server)
    with watch(engine) as wire:
        yield wire
    engine.dispose()


@contextmanager
def _libpq(engine: Engine) -> Iterator[Wire]:
    """The protocol, as libpq itself traces it."""
    wire = Wire()
    watched = current_thread()
    with tempfile.TemporaryFile("w+") as trace:

        def begin(connection: Any, record: Any) -> None:
            if current_thread() is not watched:
                return  # the notifier's own, which outlives the trace
            connection.pgconn.trace(trace.fileno())
            connection.pgconn.set_trace_flags(1)  # without times

        event.listen(engine, "connect", begin)
        yield wire
        event.remove(engine, "connect", begin)
        engine.dispose()
        wire.statements = _sent(trace)


def _sent(trace: IO[str]) -> list[str]:
    """Texts of simple queries and of executed statements, in order."""
    trace.seek(0)
    sent, parsed = [], "prepared before"
    for message in BETWEEN.split(trace.read()):
        side, _, kind, *rest = message.split("\t", 3) if "\t" in message else ("", "", "")
        text = " ".join(rest).strip().removeprefix('""').replace('"', " ").strip()
        if (side, kind) == ("F", "Parse"):
            parsed = text
        elif (side, kind) == ("F", "Query"):
            sent.append(text)
        elif side == "F" and kind.startswith("Execute"):
            sent.append(parsed)
    return sent


@contextmanager
def _sqlite(engine: Engine) -> Iterator[Wire]:
    """SQLite's own trace of what it runs."""
    wire = Wire()

    def begin(connection: Any, record: Any) -> None:
        connection.set_trace_callback(wire.statements.append)

    event.listen(engine, "connect", begin)
    yield wire
    event.remove(engine, "connect", begin)


@contextmanager
def _server(engine: Engine) -> Iterator[Wire]:
    """MariaDB's own log of what it was asked, without connecting and the settings of that."""
    wire = Wire()
    with engine.connect() as connection:
        connection.execute(text("truncate mysql.general_log"))
        connection.execute(text("set global log_output = 'TABLE', global general_log = 1"))
    try:
        yield wire
    finally:
        with engine.connect() as connection:
            connection.execute(text("set global general_log = 0"))
            rows = connection.execute(
                text("select argument from mysql.general_log where command_type = 'Query'")
            )
            wire.statements = [_text(row[0]) for row in rows][:-1]


def _text(argument: Any) -> str:
    return argument.decode() if isinstance(argument, bytes) else str(argument)
