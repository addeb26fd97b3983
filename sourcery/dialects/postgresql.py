"""PostgreSQL through psycopg 3: position floors, one statement per append.

Writers never wait for each other's commit, and readers never pass a position that may
still appear. docs/explain/ordering.md says why this is sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Select,
    bindparam,
    cast,
    extract,
    func,
    not_,
    select,
    true,
)

from sourcery.dialects import floor_import
from sourcery.dialects.base import Dialect
from sourcery.dialects.batch import Batch, ImportedEvent, Written
from sourcery.dialects.driver import run
from sourcery.dialects.floor_append import append
from sourcery.dialects.floors import OldestFloor, statements_for
from sourcery.dialects.frontier import Frontier, IncarnationChanged
from sourcery.dialects.notices import Notices
from sourcery.dialects.notify import PostgreSQLNotices
from sourcery.dialects.place import Place, address
from sourcery.dialects.psycopg import PostgreSQLProtocolDialect, ThroughPsycopg
from sourcery.dialects.statements import Statement
from sourcery.errors import (
    ConfigurationError,
    DatabaseMisconfigured,
    StandbyRefused,
    StoreRewound,
)
from sourcery.stream import Stream

#: What PostgreSQL itself says; servers that speak its protocol add or change words.
_GENUINE: Final = re.compile(r"PostgreSQL \d+(\.\d+|devel|beta\d+|rc\d+)*( \([^)]*\))? on ")

#: Start of the server in microseconds, as in the statement of the frontier.
_STARTED: Final = cast(extract("epoch", func.pg_postmaster_start_time()) * 1_000_000, BigInteger)


_PLACE: Final = (
    "select current_database(), has_function_privilege('pg_control_system()', 'execute')"
)
_SYSTEM: Final = "select system_identifier::text from pg_control_system()"

_KEEPALIVES: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class PostgreSQLDialect(ThroughPsycopg):
    """Position floors: no lock that another writer waits for, and no clock."""

    #: Each statement of a reader sees a snapshot of its own, without BEGIN and ROLLBACK.
    read_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "AUTOCOMMIT"}
    engine_options: ClassVar[Mapping[str, Any]] = {
        "isolation_level": "READ COMMITTED",
        "connect_args": _KEEPALIVES,
    }
    notices: ClassVar[type[Notices] | None] = PostgreSQLNotices
    streams_rows: ClassVar[bool] = True

    def accept(self, engine: Engine) -> None:
        if engine.dialect.driver != "psycopg":
            raise ConfigurationError(
                f"the PostgreSQL driver {engine.dialect.driver!r} is not supported: "
                f"use psycopg 3, postgresql+psycopg://"
            )

    def resolve(self, connection: Connection) -> Dialect:
        version = connection.exec_driver_sql("select version()").scalar_one()
        if _GENUINE.match(version) and "-YB-" not in version:
            return self
        return PostgreSQLProtocolDialect()

    def append(self, connection: Connection, batch: Batch) -> Written | None:
        return append(self, connection, batch)

    def take(
        self, connection: Connection, count: int, streams: Iterable[Stream]
    ) -> tuple[Sequence[int], dict[Stream, int]]:
        """Versions first: what commits between the two is above, and makes COPY fail."""
        heads = self.heads(connection, streams)
        return floor_import.take(connection, count), heads

    def import_rows(
        self,
        connection: Connection,
        positions: Sequence[int],
        events: Iterable[ImportedEvent],
        now: datetime | None,
    ) -> None:
        floor_import.copy_in(connection, positions, events, now)

    def heads(self, connection: Connection, streams: Iterable[Stream]) -> dict[Stream, int]:
        return floor_import.heads(connection, streams)

    def id_value(self, id: UUID) -> Any:
        return id

    def place(self, connection: Connection) -> Place:
        """Roles may be kept from asking for the identifier: then the name has to do."""
        name, may_ask = connection.exec_driver_sql(_PLACE).one()
        return Place(name, connection.exec_driver_sql(_SYSTEM).scalar() if may_ask else None)

    # -- reading -----------------------------------------------------------------------

    def frontier(self, connection: Connection) -> Frontier:
        """Two statements, and their order is the proof: highest number, then lowest floor."""
        statements = statements_for(connection)
        highest, incarnation = self._highest(connection)
        floor = run(connection, statements.lowest_floor, (), returns=True).scalar()
        return Frontier(highest if floor is None else min(highest, floor), incarnation)

    def last_drawn(self, connection: Connection) -> int:
        return self._highest(connection)[0]

    def oldest_floor(self, connection: Connection) -> OldestFloor | None:
        statement = statements_for(connection).oldest_floor
        row = connection.exec_driver_sql(statement).one_or_none()
        if row is None:
            return None
        position, age, backend, application_name, state, prepared = row
        return OldestFloor(
            position=position,
            age=age,
            backend=backend,
            application_name=application_name,
            state=state,
            prepared=prepared,
        )

    def _highest(self, connection: Connection) -> tuple[int, int]:
        row = run(connection, statements_for(connection).highest, (), returns=True).one()
        if row[2]:
            raise StandbyRefused(address(connection.engine))
        return row[0], row[1]

    def fenced(self, page: Select[Any], *, backward: bool) -> Select[Any]:
        """The page beside one row that says whether the same server still answers."""
        fence = select(
            ((bindparam("incarnation") == _STARTED) & not_(func.pg_is_in_recovery())).label("same")
        ).subquery("fence")
        rows = page.lateral("page")
        order = rows.c.position.desc() if backward else rows.c.position
        beside = fence.join(rows, true(), isouter=True)
        return select(*rows.c, fence.c.same).select_from(beside).order_by(order)

    def rows(
        self, connection: Connection, page: Statement, values: dict[str, Any], frontier: Frontier
    ) -> Sequence[Any]:
        values = values | {"incarnation": frontier.incarnation}
        found = page.run(connection, values).all()
        if not found[0][-1]:
            raise IncarnationChanged
        return found if found[0][0] is not None else ()

    # -- safety ------------------------------------------------------------------------

    def check(self, connection: Connection) -> None:
        name = statements_for(connection).sequence
        found = connection.exec_driver_sql(
            "select seqincrement, seqcycle, seqcache from pg_sequence "
            "where seqrelid = to_regclass(%s)",
            (name,),
        ).one_or_none()
        if found is None:
            raise DatabaseMisconfigured(
                f"sequence {name} is missing", "restore it, or run alembic upgrade again"
            )
        if tuple(found) != (1, False, 1):
            raise DatabaseMisconfigured(
                f"sequence {name} was altered, so positions no longer grow as they are drawn",
                f"alter sequence {name} increment 1 no cycle cache 1",
            )
        _check_dates(connection)
        known = self.greatest_known(connection)
        highest, _ = self._highest(connection)  # second: writers go on meanwhile
        if highest < known:
            raise StoreRewound(f"the sequence stands at {highest}, position {known} was given out")

    def repair(self, connection: Connection) -> None:
        least = self.greatest_known(connection)
        name = statements_for(connection).sequence
        if least > self._highest(connection)[0]:
            connection.exec_driver_sql("select setval(%s::regclass, %s)", (name, least))


def _check_dates(connection: Connection) -> None:
    """Times are read as text, which a role or database can be told to write differently."""
    style = connection.exec_driver_sql("show datestyle").scalar_one()
    if not style.startswith("ISO"):
        remedy = "set it to ISO for this role or database (alter role ... set datestyle = ISO)"
        raise DatabaseMisconfigured(f"times are written in DateStyle {style}", remedy)
