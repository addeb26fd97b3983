"""Triggers by which the database itself refuses to change or delete events.

They are opt-in: `store.upgrade(append_only=True)`. In an Alembic tree of your own, a revision of
yours runs the statements:

    for statement in append_only.statements(op.get_context().dialect.name):
        op.execute(statement)

Whoever owns the table can drop them. They guard against programs and slips; roles guard
against people.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, CursorResult, inspect

from sourcery import schema as declared
from sourcery.dialects.statements import schema_of
from sourcery.errors import UnknownDatabase


@frozen
class _Triggers:
    """SQL of one database; `{schema}` is the schema and a dot, or nothing."""

    create: tuple[str, ...]
    drop: tuple[str, ...]
    #: How many there are that work.
    count: str


#: One trigger per statement: it sees TRUNCATE, and costs nothing per row.
_POSTGRESQL: Final = _Triggers(
    create=(
        """create or replace function {schema}sourcery_events_append_only() returns trigger
language plpgsql as $$ begin
    raise exception using errcode = 'restrict_violation',
        message = 'sourcery_events is append-only: ' || tg_op || ' is refused';
end $$""",
        """create trigger sourcery_events_append_only
before update or delete or truncate on {schema}sourcery_events
for each statement execute function {schema}sourcery_events_append_only()""",
    ),
    drop=(
        "drop trigger if exists sourcery_events_append_only on {schema}sourcery_events",
        "drop function if exists {schema}sourcery_events_append_only()",
    ),
    count="""select count(*) from pg_trigger where tgname = 'sourcery_events_append_only'
and tgenabled <> 'D' and tgrelid = to_regclass('{literal}sourcery_events')""",
)
#: No trigger sees TRUNCATE there: it takes the privilege DROP, which no program has to have.
_MYSQL: Final = _Triggers(
    create=(
        """create trigger {schema}sourcery_events_no_update before update
on {schema}sourcery_events for each row signal sqlstate '45000'
set message_text = 'sourcery_events is append-only: UPDATE is refused'""",
        """create trigger {schema}sourcery_events_no_delete before delete
on {schema}sourcery_events for each row signal sqlstate '45000'
set message_text = 'sourcery_events is append-only: DELETE is refused'""",
    ),
    drop=(
        "drop trigger if exists {schema}sourcery_events_no_update",
        "drop trigger if exists {schema}sourcery_events_no_delete",
    ),
    count="""select count(*) from information_schema.triggers
where trigger_schema = coalesce({name}, database())
and trigger_name in ('sourcery_events_no_update', 'sourcery_events_no_delete')""",
)
#: REPLACE deletes without telling the trigger of DELETE. Its message holds the word "position",
#: by which an append is told that the position it drew is taken.
_SQLITE: Final = _Triggers(
    create=(
        """create trigger {schema}sourcery_events_no_update before update on sourcery_events
begin select raise(abort, 'sourcery_events is append-only: UPDATE is refused'); end""",
        """create trigger {schema}sourcery_events_no_delete before delete on sourcery_events
begin select raise(abort, 'sourcery_events is append-only: DELETE is refused'); end""",
        """create trigger {schema}sourcery_events_no_replace before insert on sourcery_events
when exists (
    select 1 from sourcery_events where position = new.position or (category = new.category
        and stream_id = new.stream_id and version = new.version)
)
begin select raise(abort, 'sourcery_events is append-only: position or version is taken'); end""",
    ),
    drop=(
        "drop trigger if exists {schema}sourcery_events_no_update",
        "drop trigger if exists {schema}sourcery_events_no_delete",
        "drop trigger if exists {schema}sourcery_events_no_replace",
    ),
    count="""select count(*) from {schema}sqlite_master where type = 'trigger'
and name like 'sourcery_events_no_%'""",
)
_BY_DATABASE: Final = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": _SQLITE,
}


def statements(database: str, schema: str | None = None, *, remove: bool = False) -> list[str]:
    """SQL that makes the events append-only, or removes that.

    `database` is SQLAlchemy's name, as `op.get_context().dialect.name` has it. They can be run
    again. Raises `UnknownDatabase`.
    """
    triggers = _triggers(database)
    lines = triggers.drop if remove else (*triggers.drop, *triggers.create)
    return [_filled(line, database, schema) for line in lines]


def protect(connection: Connection) -> None:
    """Make the events append-only. Does not commit; MariaDB and MySQL do by themselves."""
    for statement in statements(connection.dialect.name, schema_of(connection)):
        _run(connection, statement)


def unprotect(connection: Connection) -> None:
    """Let the events be changed again; also where their table is gone. Does not commit."""
    for statement in statements(connection.dialect.name, schema_of(connection), remove=True):
        if has_events(connection) or " on " not in statement:
            _run(connection, statement)


def has_events(connection: Connection) -> bool:
    """Whether there is a table of events."""
    return inspect(connection).has_table(declared.events.name, schema=schema_of(connection))


def is_append_only(connection: Connection) -> bool:
    """Whether all triggers are there and work. False for a database that has none of ours."""
    name = connection.dialect.name
    if name not in _BY_DATABASE:
        return False
    triggers = _triggers(name)
    count = _filled(triggers.count, name, schema_of(connection))
    found = _run(connection, count).scalar_one()
    return bool(found == sum(line.startswith("create trigger") for line in triggers.create))


def _run(connection: Connection, statement: str) -> CursorResult[Any]:
    """As it is: no % stands for a parameter."""
    return connection.exec_driver_sql(statement, None, {"no_parameters": True})


def _triggers(database: str) -> _Triggers:
    if database not in _BY_DATABASE:
        raise UnknownDatabase(database, sorted(_BY_DATABASE))
    return _BY_DATABASE[database]


def _filled(line: str, database: str, schema: str | None) -> str:
    """The statement for one schema, whose name is quoted as this database does it."""
    mark = "`" if database in ("mysql", "mariadb") else '"'
    quoted = f"{mark}{schema.replace(mark, mark * 2)}{mark}." if schema else ""
    text = "'" + schema.replace("\\", "\\\\").replace("'", "''") + "'" if schema else "null"
    literal = quoted.replace("'", "''")
    return line.replace("{schema}", quoted).replace("{literal}", literal).replace("{name}", text)
