"""The tables, in SQLAlchemy Core. Their names begin with `sourcery_`, which is a promise.

Positions of both logs come from one sequence (PostgreSQL) or one counter row (elsewhere).
There is no server default for a position: a row that did not come through our append
statement would break the ordering, so the database refuses it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from sourcery.columns import (
    TABLE_OPTIONS,
    Identifier,
    JsonText,
    LongText,
    Moment,
    Payload,
    Position,
    Uuid,
)
from sourcery.stream import (
    CATEGORY_LENGTH,
    CONSUMER_LENGTH,
    KEY_LENGTH,
    KIND_LENGTH,
    LETTER_KEY_LENGTH,
    MESSAGE_ID_LENGTH,
    OWNER_KIND_LENGTH,
    STREAM_ID_LENGTH,
    TAG_LENGTH,
    TOPIC_LENGTH,
)

#: The revision this code was written for: older tables are refused. The oldest code that a
#: revision still lets in is a column of `sourcery_store`.
REVISION: Final = 3

PREFIX: Final = "sourcery_"
SEQUENCE: Final = "sourcery_positions_seq"
VERSION_TABLE: Final = "sourcery_alembic_version"

tables: Final = MetaData()

events: Table = Table(
    "sourcery_events",
    tables,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("category", Identifier(CATEGORY_LENGTH), nullable=False),
    Column("stream_id", Identifier(STREAM_ID_LENGTH), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("kind", Identifier(KIND_LENGTH), nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("data", JsonText, nullable=False),
    Column("metadata", JsonText, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    UniqueConstraint("category", "stream_id", "version", name="sourcery_events_stream_key"),
    Index("sourcery_events_kind_idx", "kind", "position"),
    **TABLE_OPTIONS,
)

outbox: Table = Table(
    "sourcery_outbox",
    tables,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("message_id", Uuid, nullable=False),
    Column("topic", Identifier(TOPIC_LENGTH), nullable=False),
    Column("key", Identifier(KEY_LENGTH), nullable=True),
    Column("bucket", SmallInteger, nullable=False),
    Column("headers", JsonText, nullable=False),
    Column("payload", Payload, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("sourcery_outbox_topic_idx", "topic", "position"),
    Index("sourcery_outbox_message_idx", "message_id"),
    **TABLE_OPTIONS,
)

#: The last position drawn, for databases whose dialect has no position floors.
positions: Table = Table(
    "sourcery_positions",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    **TABLE_OPTIONS,
)

#: One row per consumer and shard. No index is on what a page of events updates, and the revision
#: lets half of each page of the table stay free, so that PostgreSQL updates a row in place.
consumers: Table = Table(
    "sourcery_consumers",
    tables,
    Column("name", Identifier(CONSUMER_LENGTH), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("log", String(10), nullable=False),
    Column("shards", Integer, nullable=False),
    Column("filter", LongText, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("owner", String(200), nullable=True),
    Column("backend", String(100), nullable=True),
    Column("epoch", BigInteger, nullable=False),
    Column("lease_until", Moment, nullable=True),
    Column("wanted_by", String(200), nullable=True),
    Column("wanted_until", Moment, nullable=True),
    Column("request", LongText, nullable=True),
    Column("request_number", BigInteger, nullable=False),
    Column("answer", LongText, nullable=True),
    Column("hold_at", BigInteger, nullable=True),
    Column("hold_until", Moment, nullable=True),
    Column("awaited", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment, nullable=True),
    Column("error", LongText, nullable=True),
    Column("rate", Double, nullable=True),
    Column("ticked_at", Moment, nullable=True),
    Column("updated_at", Moment, nullable=False),
    **TABLE_OPTIONS,
)

#: Events and messages that a consumer gave up, or that wait behind one; by reference.
dead_letters: Table = Table(
    "sourcery_dead_letters",
    tables,
    Column("consumer", Identifier(CONSUMER_LENGTH), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Identifier(LETTER_KEY_LENGTH), nullable=False),
    Column("bucket", SmallInteger, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment, nullable=True),
    Column("error_class", String(200), nullable=True),
    Column("error", LongText, nullable=True),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    **TABLE_OPTIONS,
)

#: Cached states; always safe to delete. A tag for each shape of the state, so that two releases
#: side by side do not fight for a row.
snapshots: Table = Table(
    "sourcery_snapshots",
    tables,
    Column("owner_kind", Identifier(OWNER_KIND_LENGTH), primary_key=True),
    Column("owner_id", Identifier(STREAM_ID_LENGTH), primary_key=True),
    Column("schema_tag", Identifier(TAG_LENGTH), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("last_event_id", Uuid, nullable=False),
    Column("codec", String(20), nullable=False),
    Column("state", Payload, nullable=False),
    Column("created_at", Moment, nullable=False),
    **TABLE_OPTIONS,
)

#: One row per read model that is rebuilt: the version that readers are given.
read_models: Table = Table(
    "sourcery_read_models",
    tables,
    Column("name", Identifier(CONSUMER_LENGTH), primary_key=True),
    Column("serving", Integer, nullable=False),
    Column("previous", Integer, nullable=True),
    Column("switched_at", Moment, nullable=False),
    **TABLE_OPTIONS,
)

#: Ids of messages that consumers fed by a broker have accepted.
inbox: Table = Table(
    "sourcery_inbox",
    tables,
    Column("consumer", Identifier(CONSUMER_LENGTH), primary_key=True),
    Column("message_id", Identifier(MESSAGE_ID_LENGTH), primary_key=True),
    Column("received_at", Moment, nullable=False),
    Index("sourcery_inbox_received_idx", "received_at"),
    **TABLE_OPTIONS,
)

#: One row: who this store is, and which code may use it.
store: Table = Table(
    "sourcery_store",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("store_id", String(36), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("minimum_revision", Integer, nullable=False),
    Column("database_name", String(200), nullable=False),
    Column("system_identifier", String(64), nullable=True),
    Column("environment", String(100), nullable=True),
    **TABLE_OPTIONS,
)
