"""What the tables of consumers hold, and that a page updates its row in place."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.exc import IntegrityError

from sourcery import EventStore, schema
from sourcery.consumers import (
    EVENTS,
    ConsumerSpec,
    Lease,
    Letter,
    LetterStatus,
    Status,
    advance,
    letters_of,
    register,
    rows_of,
)
from sourcery.consumers.letters import put
from sourcery.log import translated
from sourcery.stream import CONSUMER_LENGTH, LETTER_KEY_LENGTH
from tests.ordering.support import wait_until

#: Four bytes in UTF-8.
WIDE = "\N{GRINNING FACE}"
UPDATES, SHARDS = 1000, 25


def registered(store: EventStore, name: str, shards: int = 1) -> None:
    """A consumer that has not begun."""
    spec = ConsumerSpec(name=name, log=EVENTS, shards=shards, filter=WIDE * 1000)
    with store.engine.begin() as connection:
        register(connection, store.database.dialect, spec, 0)


def letter(consumer: str, now: datetime) -> Letter:
    """A letter with all that its row can hold."""
    return Letter(
        consumer=consumer,
        position=2**62,
        key=WIDE * LETTER_KEY_LENGTH,
        bucket=1023,
        source_id=UUID(int=2**127),
        status=LetterStatus.PARKED,
        attempts=2**31 - 1,
        next_attempt_at=now,
        error_class="E" * 200,
        error=WIDE * 100_000,
        first_at=now,
        last_at=now,
    )


@pytest.mark.promise(44)
def test_the_longest_rows_fit(store: EventStore) -> None:
    """Names of four-byte characters in each key, a long error, the greatest numbers."""
    name, dialect = WIDE * CONSUMER_LENGTH, store.database.dialect
    registered(store, name)
    with store.engine.begin() as connection:
        stored = letter(name, dialect.now(connection))
        put(connection, dialect, [stored])

    with store.engine.connect() as connection:
        assert [stored] == letters_of(connection, name)
        assert [(name, WIDE * 1000)] == [
            (row.name, row.filter) for row in rows_of(connection, dialect, name)
        ]


@pytest.mark.promise(44)
def test_a_rate_keeps_all_its_digits(store: EventStore) -> None:
    """It is a double on every database; MariaDB's FLOAT keeps seven."""
    registered(store, "balances")
    rate = 12345678.1 + 0.2
    with store.engine.begin() as connection:
        connection.execute(update(schema.consumers).values(rate=rate))

    with store.engine.connect() as connection:
        [row] = rows_of(connection, store.database.dialect, "balances")
    assert rate == row.rate


def test_a_second_row_of_a_consumer_is_no_lost_position(store: EventStore) -> None:
    """The keys of these tables name positions too; only those of the logs are handed out."""
    dialect = store.database.dialect
    registered(store, "balances")
    with store.engine.connect() as connection:
        twice = [letter("balances", dialect.now(connection))] * 2

    with (
        pytest.raises(IntegrityError),
        translated(dialect),
        store.engine.begin() as connection,
    ):
        put(connection, dialect, twice)
    with pytest.raises(IntegrityError), translated(dialect):
        registered(store, "balances")


def updated(engine: Engine) -> tuple[int, int]:
    """How many updates of consumers PostgreSQL counted, and how many of them in place."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        counted = connection.execute(
            text(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
                " WHERE relname = 'sourcery_consumers'"
            )
        )
        return tuple(counted.one())


def in_place(store: EventStore) -> int:
    """Write pages that move checkpoints; how many changed no index and no other page."""
    registered(store, "balances", SHARDS)
    dialect = store.database.dialect
    for number in range(UPDATES):
        old, shard = divmod(number, SHARDS)
        with store.engine.begin() as connection:
            moves = {"old": old, "new": old + 1, "status": Status.LIVE}
            lease = Lease("balances", shard, 0)
            advance(connection, dialect, lease, **moves, now=dialect.now(connection))
    wait_until(lambda: updated(store.engine)[0] == UPDATES)
    return updated(store.engine)[1]


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql")
def test_rule_28_a_page_updates_its_row_in_place(store: EventStore) -> None:
    """A thousand checkpoints leave the indexes alone and the table small."""
    assert in_place(store) > 0.99 * UPDATES


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql")
def test_rule_28_with_an_index_on_the_checkpoint_none_is(store: EventStore) -> None:
    """The test of the test: why no index is on what a page updates."""
    with store.engine.begin() as connection:
        connection.execute(text("CREATE INDEX stray ON sourcery_consumers (position)"))

    assert in_place(store) == 0


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(("fill", "least", "most"), [(None, 300, 300), (100, 0, 30)])
def test_rule_28_half_of_each_page_stays_free(
    store: EventStore, fill: int | None, least: int, most: int
) -> None:
    """All shards can move at once, in place; on full pages, the test of the test, hardly one."""
    with store.engine.begin() as connection:
        if fill:
            connection.execute(text(f"ALTER TABLE sourcery_consumers SET (fillfactor = {fill})"))
    registered(store, "balances", 300)
    with store.engine.begin() as connection:
        connection.execute(update(schema.consumers).values(position=1))

    wait_until(lambda: updated(store.engine)[0] == 300)
    assert least <= updated(store.engine)[1] <= most
