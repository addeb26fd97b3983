"""Promise 15: who does not append does not delay delivery, however long it takes."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from sourcery import EventStore
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.support import append, in_flight, read

pytestmark: object = pytest.mark.promise(15)


@pytest.fixture
def unrelated(database: Database) -> Iterator[Connection]:
    """A connection of somebody else's."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.needs("writers")
def test_a_long_writer_of_other_tables(store: EventStore, unrelated: Connection) -> None:
    """It holds a transaction number and row locks, and no floor."""
    unrelated.execute(text("CREATE TABLE theirs (n INTEGER)"))
    unrelated.commit()
    unrelated.execute(text("INSERT INTO theirs VALUES (1)"))
    append(store)
    assert [1] == read(store)


def test_a_long_reader(store: EventStore, unrelated: Connection) -> None:
    """Its snapshot stays open over the append and the read."""
    count = text("SELECT count(*) FROM sourcery_events")
    assert 0 == unrelated.execute(count).scalar()
    append(store)
    assert [1] == read(store)


@pytest.mark.needs("writers")
def test_a_long_writer_in_another_database(store: EventStore, other_database: Database) -> None:
    """PostgreSQL's transaction numbers are shared by all databases of a server; floors are not."""
    with EventStore(other_database.url) as other, in_flight(other) as flight:
        flight.append()
        append(store)
        assert [1] == read(store)


@pytest.fixture
def prepared(unrelated: Connection) -> str:
    """A name for a transaction of two phases, where the server is set up for them."""
    if 0 == int(unrelated.execute(text("SHOW max_prepared_transactions")).scalar_one()):
        pytest.skip("max_prepared_transactions is 0")
    unrelated.rollback()
    return f"sourcery_{uuid4().hex}"


@pytest.mark.needs("floors")
def test_a_prepared_transaction_of_others(
    store: EventStore, unrelated: Connection, prepared: str
) -> None:
    """It may stay for days, without any connection."""
    unrelated.execute(text("CREATE TABLE theirs (n INTEGER)"))
    unrelated.commit()
    unrelated.execute(text("INSERT INTO theirs VALUES (1)"))
    unrelated.execute(text(f"PREPARE TRANSACTION '{prepared}'"))
    unrelated.rollback()
    append(store)
    assert [1] == read(store)
    with unrelated.execution_options(isolation_level="AUTOCOMMIT") as autocommit:
        autocommit.execute(text(f"ROLLBACK PREPARED '{prepared}'"))


@pytest.mark.needs("floors")
def test_a_prepared_transaction_with_events_is_waited_for(
    store: EventStore, unrelated: Connection, prepared: str
) -> None:
    """Two-phase commit keeps the floor: its events are in flight until the second phase."""
    with in_flight(store) as flight:
        flight.append("early")
        flight.execute(f"PREPARE TRANSACTION '{prepared}'")
    append(store, "late")
    assert [] == read(store)
    unrelated.execution_options(isolation_level="AUTOCOMMIT")
    unrelated.execute(text(f"COMMIT PREPARED '{prepared}'"))
    assert [1, 2] == read(store)


@pytest.mark.needs("floors")
def test_the_rule_of_transaction_numbers_waits(store: EventStore, unrelated: Connection) -> None:
    """The test of the test: `xid < xmin` holds the event back as long as anybody writes."""
    unrelated.execute(text("CREATE TABLE theirs (n INTEGER)"))  # not committed
    append(store)
    settled = text(
        "SELECT xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        " FROM sourcery_events"
    )
    with store.database.reading() as connection:
        assert connection.execute(settled).scalar_one() is False
        unrelated.rollback()
        assert connection.execute(settled).scalar_one() is True
