"""Text that is SQL to whoever does not quote it: it arrives as it is, and nothing else happens."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, select, text

from sourcery import (
    Consumer,
    ErrorPolicy,
    EventStore,
    LiveProjection,
    ReadModel,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    metadata,
    outbox_messages,
    purge_outbox,
    stored_snapshots,
)
from sourcery.errors import DefinitionError
from sourcery.publishers import CallablePublisher
from sourcery.schema import inbox
from sourcery.testing.conformance.migrations import TABLES, VERSION_TABLE
from sourcery.testing.conformance.migrations import tables as tables_of
from sourcery.upgrade import upgrade, within_schema
from tests.databases import Database
from tests.domain import Deposited
from tests.ordering.happened import Happened
from tests.project.support import KeptThing
from tests.read_models.support import BALANCES, add_up
from tests.security.parts import PATIENCE, refuse
from tests.wakeups.support import NEVER, is_woken

HOSTILE = [
    "'; DROP TABLE sourcery_inbox; --",
    "\\'; DROP TABLE sourcery_inbox; --",
    '"`; DROP TABLE sourcery_inbox; --',
    "%s %(x)s %% :x $1 ? {0} {schema}",
]
_PARK = ErrorPolicy("park", retries=0)


def use(store: EventStore, name: str) -> dict[str, Any]:
    """Give it as every argument that is a text; what is found afterwards, by where."""
    thing = Stream("thing", name)
    with metadata(actor=name), UnitOfWork(store) as uow:
        uow.append(thing, [Happened(1)], expected=0)
        uow.append(Stream(name, name), [Happened(2)], expected=0)
        uow.publish(name, key=name, payload={"n": 1}, headers={"h": name})
        assert uow.accept(name, name)
    subscriber = Subscriber(store, name, refuse, events=Happened, categories=[name], on_error=_PARK)
    subscriber.drain(PATIENCE)
    consumer = Consumer(store, name)
    [letter] = consumer.letters()
    consumer.retry(key=letter.key)
    consumer.drop(letter.position, name)
    sent: list[Any] = []
    Relay(store, CallablePublisher(sent.append), name="r", topics=[name]).drain(PATIENCE)
    with LiveProjection(store, KeptThing, name) as live:
        live.read_after(store.now(), timeout=PATIENCE)
    store.project(KeptThing, name)
    with store.database.reading() as connection:
        accepted = connection.execute(select(inbox.c.consumer, inbox.c.message_id)).all()
    [read] = store.read(categories=[name], events=Happened)
    return {
        "stream": [r.stream.id for r in store.read(thing, events=Happened)],
        "category": [read.stream.category],
        "metadata": [read.metadata.actor],
        "consumer": [consumer.health().name],
        "reason": [one.error for one in consumer.letters()],
        "topic": [message.topic for message in sent],
        "key": [message.key for message in sent],
        "header": [message.headers["h"] for message in sent],
        "found": [m.topic for m in outbox_messages(store, topic=name)],
        "purged": [*purge_outbox(store, older_than=timedelta(0)).deleted],
        "inbox": [part for row in accepted for part in row if part == name][:1],
        "snapshot": [s.key.owner_id for s in stored_snapshots(store, of=KeptThing, id=name)],
    }


def test_text_arrives_as_it_is(store: EventStore) -> None:
    """Whichever argument it is; and all tables are there."""
    for name in HOSTILE:
        found = use(store, name)
        assert {where: [name] for where in found} == found
    assert TABLES | {VERSION_TABLE} == tables_of(store.engine)


def test_names_that_become_tables_are_refused(store: EventStore) -> None:
    """The name of a read model is a part of a table's name."""
    for name in HOSTILE:
        with pytest.raises(DefinitionError):
            ReadModel(store, name, add_up, version=1, tables=[BALANCES], events=Deposited)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_environment_arrives_as_it_is(database: Database, name: str) -> None:
    """Written by the first store that names one, compared by others."""
    for _ in range(2):
        with EventStore(database.url, environment=name) as store:
            assert name == store.database.restart().environment


@pytest.mark.databases("postgresql")
def test_the_id_of_a_store_is_no_statement(store: EventStore, database: Database) -> None:
    """It is in the name of the channel that all processes listen to, which takes no parameter."""
    hostile = 'x"; DROP TABLE a; LISTEN "y'
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (b int)"))
        connection.execute(text("UPDATE sourcery_store SET store_id = :id"), {"id": hostile})
    with (
        EventStore(database.url, events=Happened) as fresh,
        fresh.database.waiting(interval=NEVER, longest=NEVER) as waiting,
    ):
        assert is_woken(waiting)  # by listening
    assert "a" in tables_of(store.engine)


@pytest.mark.databases("postgresql", "mariadb")
def test_the_schema_of_a_tenant_is_quoted(empty_database: Database) -> None:
    """In our own statements and in those of upgrades and triggers."""
    name = f"{empty_database.url.database}\"'`; --"
    engine = create_engine(empty_database.url)
    quote = engine.dialect.identifier_preparer.quote_identifier(name)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {quote}")
    there = within_schema(engine, name)
    upgrade(there, append_only=True)
    with EventStore(there, events=Happened) as tenant:
        found = use(tenant, HOSTILE[0])
    assert {where: [HOSTILE[0]] for where in found} == found
    with engine.begin() as connection:
        assert set() == tables_of(engine)
        cascade = " CASCADE" if engine.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP SCHEMA {quote}{cascade}")
    engine.dispose()


@pytest.mark.databases("sqlite")
def test_a_file_of_any_name(tmp_path: Path) -> None:
    """The path is compared with the row of the store."""
    for n, name in enumerate(HOSTILE):
        folder = tmp_path / str(n)
        folder.mkdir()
        url = URL.create("sqlite", database=str(folder / name.replace("/", "")))
        with EventStore(url, events=Happened) as store:
            store.upgrade(append_only=True)
            assert not store.adopt()
        assert 1 <= len(list(folder.iterdir()))
