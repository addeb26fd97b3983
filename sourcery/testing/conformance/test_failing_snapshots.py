"""A place for snapshots that fails: what is committed stays committed, and succeeds."""

import logging

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from sourcery import EventStore, SqlSnapshots, UnitOfWork, always
from sourcery.dialects import Dialect
from sourcery.snapshots import Found, Key, Snapshot
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.support import wait_until
from sourcery.testing.conformance.tallies import Added, tally, work

pytestmark: object = pytest.mark.promise(34)

CLS = tally(always())
PAYLOAD = 424242


class Failing(SqlSnapshots):
    """It can be read, and fails when it is written."""

    failed: int = 0

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        self.failed += 1
        raise OSError(f"no room for {snapshot.state!r}")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings, which show no state."""
    assert str(PAYLOAD) not in caplog.text
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


def test_a_place_that_raises_fails_no_command(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The events are there, the unit has its token, and the log says what happened."""
    place = Failing()
    with EventStore(database.url, snapshot_store=place) as store:
        with UnitOfWork(store) as uow:
            uow.create(CLS, "t").record(Added(PAYLOAD))
        assert uow.token
        assert not store.snapshot(CLS, "t")
        assert (PAYLOAD, 2) == (store.load(CLS, "t").total, place.failed)
    assert ["a snapshot could not be stored: OSError"] * 2 == said(caplog)


class Away(SqlSnapshots):
    """It cannot be read."""

    def find(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        raise ConnectionError(f"no route to {key}")


def test_a_place_that_cannot_be_asked_fails_no_load(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is replayed, and it is said once."""
    with EventStore(database.url, snapshot_store=Away()) as store:
        work(store, CLS, PAYLOAD)
        assert PAYLOAD == store.load(CLS, "t").total
        assert PAYLOAD == store.load(CLS, "t").total
    [text] = said(caplog)
    assert "could not be asked for a snapshot (ConnectionError)" in text


def test_a_place_that_raises_fails_no_caller(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a joined unit it is the thread that notices."""
    place = Failing()
    with EventStore(database.url, snapshot_store=place) as store, Session(store.engine) as session:
        with UnitOfWork(store, session=session) as uow:
            uow.create(CLS, "t").record(Added(PAYLOAD))
        session.commit()
        wait_until(lambda: bool(said(caplog)))
        assert (PAYLOAD, 1) == (store.load(CLS, "t").total, place.failed)
    assert ["a snapshot could not be stored: OSError"] == said(caplog)


def test_without_the_table_the_command_is_committed(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """What a wrong migration does."""
    store.database.start()
    with store.engine.connect() as connection:
        connection.execute(text("drop table sourcery_snapshots"))
        connection.commit()
    with UnitOfWork(store) as uow:
        uow.create(CLS, "t").record(Added(PAYLOAD))
    assert (PAYLOAD, 1) == (store.load(tally(), "t").total, len(said(caplog)))
    assert uow.token
