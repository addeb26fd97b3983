"""How much of the log a database really looks at, counted by the database itself."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define
from sqlalchemy import Engine, event

#: SQLite counts instructions; reading a row of ours, whole, takes it fewer than this.
INSTRUCTIONS = 25


@define
class Effort:
    """What was done inside a block."""

    #: Rows looked at, whether they were wanted or not.
    rows: int = 0
    #: Rows put in order because no index gave them so; PostgreSQL only.
    sorted: int = 0


@contextmanager
def measuring(engine: Engine) -> Iterator[Effort]:
    """Count on the connections that are used inside the block; it must not be nested."""
    effort = Effort()
    measure = {"postgresql": _explain, "sqlite": _instructions}.get(engine.dialect.name, _handlers)
    with measure(engine, effort):
        yield effort


@contextmanager
def _around(
    engine: Engine, out: Callable[[Any], None], back: Callable[[Any], None]
) -> Iterator[None]:
    """Call the one when a connection leaves the pool, the other when it comes back."""

    def checkout(connection: Any, record: Any, proxy: Any) -> None:
        out(connection)

    def checkin(connection: Any, record: Any) -> None:
        back(connection)

    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)
    try:
        yield
    finally:
        event.remove(engine, "checkout", checkout)
        event.remove(engine, "checkin", checkin)


@contextmanager
def _explain(engine: Engine, effort: Effort) -> Iterator[None]:
    """PostgreSQL tells the plan of each statement as it ran, also of a prepared one."""

    def notice(diagnosis: Any) -> None:
        _, found, plan = diagnosis.message_primary.partition("plan:\n")
        if found:
            _add(effort, json.loads(plan)["Plan"])

    def out(connection: Any) -> None:
        connection.add_notice_handler(notice)
        connection.execute("load 'auto_explain'")
        for name, value in _SETTINGS.items():
            connection.execute(f"set session {name} = {value}")
        if not connection.autocommit:
            connection.commit()

    def back(connection: Any) -> None:
        connection.remove_notice_handler(notice)

    with _around(engine, out, back):
        yield


_SETTINGS = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "client_min_messages": "log",
}


def _add(effort: Effort, node: dict[str, Any]) -> None:
    below = node.get("Plans", [])
    if node.get("Relation Name") in ("sourcery_events", "sourcery_outbox"):
        seen = node["Actual Rows"] if node["Node Type"] != "ModifyTable" else 0
        seen += node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        effort.rows += round(seen * node["Actual Loops"])
    if node["Node Type"] == "Sort":
        effort.sorted += sum(round(child["Actual Rows"]) for child in below)
    for child in below:
        _add(effort, child)


@contextmanager
def _handlers(engine: Engine, effort: Effort) -> Iterator[None]:
    """MariaDB counts the rows that a session's statements asked its tables for."""

    def reads(connection: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("show session status like 'Handler_read%'")
            return sum(int(value) for _, value in cursor.fetchall())

    before = [0]

    def out(connection: Any) -> None:
        first = reads(connection)
        second = reads(connection)
        before[0] = second + (second - first)  # asking counts as well

    def back(connection: Any) -> None:
        effort.rows += reads(connection) - before[0]

    with _around(engine, out, back):
        yield


@contextmanager
def _instructions(engine: Engine, effort: Effort) -> Iterator[None]:
    """SQLite calls back after each instruction of its machine."""
    steps = [0]

    def step() -> None:
        steps[0] += 1

    def out(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(step, 1)

    def back(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(None, 0)

    with _around(engine, out, back):
        yield
    effort.rows += steps[0] // INSTRUCTIONS
