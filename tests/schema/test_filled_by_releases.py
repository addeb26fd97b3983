"""Databases that earlier releases filled by their own code: upgraded, used, taken back."""

from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, select

from sourcery import Consumer, EventStore, Stream, Subscriber, UnitOfWork
from sourcery.schema import REVISION, VERSION_TABLE, events
from sourcery.testing.conformance.migrations import check, downgrade
from sourcery.upgrade import upgrade
from tests.databases import Database
from tests.domain import AccountEvent, Opened
from tests.schema.conftest import Releases

pytestmark = pytest.mark.promise(44)

#: Fills whatever tables there are with what their release could write.
PROGRAM = """
import sys
from attrs import frozen
import sourcery
from sourcery import EventStore, Stream, UnitOfWork, event, metadata

@event("account.opened")
@frozen
class Opened:
    owner: str

def refuse(uow, recorded):
    raise RuntimeError("no")

with EventStore(sys.argv[1], events=Opened, environment="test") as store:
    store.upgrade()
    for name in ("ada", "bob", "\\u732b' %"):
        with metadata(actor=name), UnitOfWork(store) as uow:
            uow.append(Stream("account", name), [Opened(name), Opened(name)], expected=0)
            uow.publish("accounts", key=name, payload={"name": name}, headers={"a": name})
            uow.publish("raw", payload=bytes(range(256)))
    if hasattr(sourcery, "Subscriber"):
        from sourcery import Consumer, ErrorPolicy, Subscriber
        park = ErrorPolicy("park", retries=0)
        Subscriber(store, "parks", refuse, events=Opened, shards=2, on_error=park).drain(60)
        Subscriber(store, "paused", lambda uow, recorded: None, events=Opened).drain(60)
        Consumer(store, "paused").pause()
"""


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of ours, but for the revisions that tables tell."""
    tables = MetaData()
    tables.reflect(engine, only=lambda name, _: name.startswith("sourcery_"))
    del_columns = {"revision"}
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*[c for c in table.c if c.name not in del_columns]).order_by(
                        *table.primary_key
                    )
                )
            ]
            for table in tables.sorted_tables
            if table.name != VERSION_TABLE
        }


def kept(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> bool:
    """Whether each row of before is there; a column that came later stands last."""
    return all(
        rows == [row[: len(old)] for old, row in zip(rows, after[table], strict=True)]
        for table, rows in before.items()
    )


@pytest.mark.parametrize("revision", range(1, REVISION))
def test_what_a_release_wrote_is_kept(
    releases: Releases, engine: Engine, empty_database: Database, revision: int
) -> None:
    """Each row of each of its tables, and this release goes on with it."""
    releases(revision).run(PROGRAM, empty_database.url)
    before = contents(engine)
    assert all(rows for table, rows in before.items())

    upgrade(engine)

    check(engine)
    assert kept(before, contents(engine))
    with EventStore(empty_database.url, events=AccountEvent, environment="test") as store:
        assert 6 == len([recorded.event for recorded in store.read()])
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", "ada"), [Opened("Ada")], expected=2)
        if revision > 1:
            goes_on(store)


def goes_on(store: EventStore) -> None:
    """Consumers of the release before: their letters, their pause, their checkpoints."""
    seen: list[str] = []

    def handle(uow: UnitOfWork, recorded: Any) -> None:
        seen.append(recorded.stream.id)

    assert 6 == len(Consumer(store, "parks").letters())
    Consumer(store, "parks").retry()
    Subscriber(store, "parks", handle, events=Opened, shards=2).drain(60)
    assert (7, []) == (len(seen), Consumer(store, "parks").letters())
    Consumer(store, "paused").resume()
    assert 1 == Subscriber(store, "paused", handle, events=Opened).drain(60)


@pytest.mark.parametrize("revision", range(1, REVISION))
def test_a_downgrade_gives_a_release_its_tables_back(
    releases: Releases, engine: Engine, empty_database: Database, revision: int
) -> None:
    """With all that both have written; its own code goes on there."""
    upgrade(engine)
    with EventStore(empty_database.url) as store, UnitOfWork(store) as uow:
        uow.append(Stream("account", "new"), [Opened("new")], expected=0)
    before = contents(engine)

    downgrade(engine, f"sourcery_{revision:04d}")
    releases(revision).run(PROGRAM, empty_database.url)

    with engine.connect() as connection:
        ids = list(connection.scalars(select(events.c.stream_id).order_by(events.c.position)))
    assert "new" == ids[0]
    assert 7 == len(ids)
    assert before["sourcery_events"][0] == contents(engine)["sourcery_events"][0]
