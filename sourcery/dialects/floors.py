"""The SQL of position floors: who may still add a position p holds a lock "above f", f < p.

The lock key is 23 bits of the sequence's oid, then 40 bits of f, so that sequences do not
disturb each other. The lock is taken, shared and until the end of the transaction, in the
very statement that draws positions and before it draws them: `drawn` reads the sequence,
`floor` locks, and the rows that call `nextval` come out of `floor`.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from attrs import frozen
from sqlalchemy import Connection

from sourcery import schema
from sourcery.dialects.statements import schema_of

#: The number last handed out. A sequence that was never used says last_value 1 as well,
#: and forgetting that leaves the very first position unprotected.
_LAST_USED: Final = "case when is_called then last_value else last_value - 1 end"

_FLOOR: Final = """
with floor as materialized (
    select pg_advisory_xact_lock_shared(key), key
    from (
        select coalesce(
            %b::bigint, ({sequence_oid} & 8388607) << 40 | {last_used}
        ) as key
        from {sequence}
    ) as drawn
)"""

_APPEND_ONE: Final = """
insert into {events} (position, category, stream_id, version, event_id, kind, schema_version,
    bucket, data, metadata, recorded_at)
select nextval({sequence_name}), %b::text, %b::text, %b::bigint, %b::uuid, %b::text, %b::integer,
    %b::smallint, %b::text::json, %b::text::json, coalesce(%b::timestamptz, statement_timestamp())
from floor
where %b::bigint = 0 or exists (
    select from {events} where category = %b::text and stream_id = %b::text and version = %b::bigint
)
on conflict (category, stream_id, version) do nothing
returning position, (select key from floor)"""

#: What all events of one stream share is sent once, and the required one is looked for once.
_APPEND_STREAM: Final = """
insert into {events} (position, category, stream_id, version, event_id, kind, schema_version,
    bucket, data, metadata, recorded_at)
select nextval({sequence_name}), %b::text, %b::text, %b::bigint + n, event_id, kind,
    schema_version, %b::smallint, data::json, metadata::json,
    coalesce(%b::timestamptz, statement_timestamp())
from (
    select e.*
    from floor, unnest(
        %b::uuid[], %b::text[], %b::integer[], %b::text[], %b::text[]
    ) with ordinality as e(event_id, kind, schema_version, data, metadata, n)
    where %b::bigint = 0 or exists (
        select from {events} where category = %b::text and stream_id = %b::text
            and version = %b::bigint
    )
    order by n
) as ordered
on conflict (category, stream_id, version) do nothing
returning position, (select key from floor)"""

_APPEND_MANY: Final = """
insert into {events} (position, category, stream_id, version, event_id, kind, schema_version,
    bucket, data, metadata, recorded_at)
select nextval({sequence_name}), category, stream_id, version, event_id, kind, schema_version,
    bucket, data::json, metadata::json, coalesce(%b::timestamptz, statement_timestamp())
from (
    select e.*
    from floor, unnest(
        %b::text[], %b::text[], %b::bigint[], %b::uuid[], %b::text[], %b::integer[],
        %b::smallint[], %b::text[], %b::text[], %b::bigint[]
    ) with ordinality as e(category, stream_id, version, event_id, kind, schema_version,
        bucket, data, metadata, required, n)
    where required = 0 or required = (
        select p.version from {events} as p where p.category = e.category
            and p.stream_id = e.stream_id and p.version = e.required
    )
    order by n
) as ordered
on conflict (category, stream_id, version) do nothing
returning position, (select key from floor)"""

_SEND: Final = """
insert into {outbox} (position, message_id, topic, key, bucket, headers, payload, content_type,
    created_at)
select nextval({sequence_name}), message_id, topic, key, bucket, headers::json, payload,
    content_type, coalesce(%b::timestamptz, statement_timestamp())
from (
    select m.*
    from floor, unnest(
        %b::uuid[], %b::text[], %b::text[], %b::smallint[], %b::text[], %b::bytea[], %b::text[]
    ) with ordinality as m(message_id, topic, key, bucket, headers, payload, content_type, n)
    order by n
) as ordered
returning position, (select key from floor)"""

#: Positions alone, for rows that are copied in afterwards.
_DRAW: Final = """
select nextval({sequence_name}), floor.key
from floor, generate_series(1, %b::bigint)"""

#: Heads of many streams, in the order they are asked for.
_HEADS: Final = """
select coalesce((
    select version from {events} as e where e.category = s.category and e.stream_id = s.stream_id
    order by version desc limit 1
), 0)
from unnest(%b::text[], %b::text[]) with ordinality as s(category, stream_id, n)
order by n"""

_COPY: Final = """
copy {events} (position, category, stream_id, version, event_id, kind, schema_version, bucket, data,
    metadata, recorded_at) from stdin (format binary)"""

#: First of the reader's statements: the highest number drawn, and who answers. The start is
#: a number, because as text it depends on the session's time zone.
_HIGHEST: Final = """
select {last_used}, (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint,
    pg_is_in_recovery()
from {sequence}"""

#: Second: the lowest floor. A writer not seen here draws its numbers later, above the first.
_LOWEST_FLOOR: Final = """
select min((classid::bigint & 255) << 32 | objid::bigint)
from pg_locks
where locktype = 'advisory' and objsubid = 1 and mode = 'ShareLock'
    and database = (select oid from pg_database where datname = current_database())
    and classid::bigint >> 8 = {sequence_oid} & 8388607"""

#: Who holds it, of several who began the transaction first. A prepared transaction has no
#: backend; the lock on its own number tells which it is.
_OLDEST_FLOOR: Final = """
select (l.classid::bigint & 255) << 32 | l.objid::bigint as floor,
    extract(epoch from clock_timestamp() - coalesce(p.prepared, a.xact_start))::float8 as age,
    l.pid, a.application_name, a.state, p.gid
from pg_locks as l
left join pg_stat_activity as a on a.pid = l.pid
left join pg_locks as n on l.pid is null and n.pid is null and n.locktype = 'transactionid'
    and n.virtualtransaction = l.virtualtransaction
left join pg_prepared_xacts as p on p.transaction = n.transactionid
where l.locktype = 'advisory' and l.objsubid = 1 and l.mode = 'ShareLock' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid::bigint >> 8 = {sequence_oid} & 8388607
order by floor, age desc nulls last
limit 1"""


@frozen(kw_only=True)
class OldestFloor:
    """A transaction that holds back the settled position, and who has it open.

    What the database does not tell this user is None.
    """

    #: Nothing above this position is settled.
    position: int
    #: Seconds since its transaction began, or was prepared.
    age: float | None
    #: Process id at the server; None for a prepared transaction.
    backend: int | None
    application_name: str | None
    #: What its connection does, such as "idle in transaction".
    state: str | None
    #: Name of the prepared transaction.
    prepared: str | None


@frozen
class FloorStatements:
    """The statements for the tables of one schema."""

    append_one: str
    append_stream: str
    append_many: str
    send: str
    draw: str
    heads: str
    copy: str
    highest: str
    lowest_floor: str
    oldest_floor: str
    #: The sequence's name as SQL.
    sequence: str


def statements_for(connection: Connection) -> FloorStatements:
    """The statements for the schema of a connection."""
    return render(schema_of(connection))


@cache
def render(schema_name: str | None) -> FloorStatements:
    """The statements for one schema; None is the connection's search path."""
    prefix = f"{_quoted(schema_name)}." if schema_name else ""
    sequence = f"{prefix}{schema.SEQUENCE}"
    literal = "'" + sequence.replace("'", "''").replace("%", "%%") + "'::regclass"

    def fill(template: str) -> str:
        return template.format(
            events=f"{prefix}{schema.events.name}",
            outbox=f"{prefix}{schema.outbox.name}",
            sequence=sequence,
            sequence_name=literal,
            sequence_oid=f"{literal}::oid::bigint",
            last_used=_LAST_USED,
        )

    return FloorStatements(
        append_one=fill(_FLOOR + _APPEND_ONE),
        append_stream=fill(_FLOOR + _APPEND_STREAM),
        append_many=fill(_FLOOR + _APPEND_MANY),
        send=fill(_FLOOR + _SEND),
        draw=fill(_FLOOR + _DRAW),
        heads=fill(_HEADS),
        copy=fill(_COPY),
        highest=fill(_HIGHEST),
        lowest_floor=fill(_LOWEST_FLOOR),
        oldest_floor=fill(_OLDEST_FLOOR),
        sequence=sequence,
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'
