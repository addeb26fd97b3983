"""Each part of a program with an account of its own: it suffices, and it is the least."""

import logging

import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from sourcery import Consumer, EventStore, Stream, Subscriber, UnitOfWork
from sourcery.errors import PrivilegeMissing
from tests.databases import Database
from tests.ordering.happened import Happened
from tests.security.accounts import Accounts
from tests.security.parts import PARTS, PATIENCE, prepare, refuse

pytestmark = [pytest.mark.databases("postgresql", "mariadb"), pytest.mark.promise(48)]

#: Statements that nobody but the owner of the tables may run.
FORGERIES = [
    "update sourcery_events set kind = 'x'",
    "delete from sourcery_events",
    "truncate table sourcery_events",
    "drop table sourcery_events",
    "update sourcery_outbox set topic = 'x'",
    "update sourcery_store set generation = 2",
    "delete from sourcery_positions",
]
#: Some that need an account above the one that is named.
BEYOND = {
    "reader": [
        "insert into sourcery_inbox (consumer) values ('x')",
        "select payload from sourcery_outbox",
    ],
    "writer": ["select payload from sourcery_outbox", "delete from sourcery_outbox"],
    "consumer": ["delete from sourcery_outbox", "delete from sourcery_consumers"],
    "relay": ["insert into sourcery_outbox (position) values (1)", "delete from sourcery_inbox"],
    "operator": ["insert into sourcery_events (position) values (1)"],
}


@pytest.mark.parametrize("part", PARTS)
def test_the_account_of_a_part_suffices(
    accounts: Accounts, owner: EventStore, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the very statements of the docs; nothing is refused, not even behind the scenes."""
    if (part, accounts.database.family) == ("builder", "mariadb"):
        pytest.skip("it cannot grant tables that have no name yet")
    name = prepare(owner)
    with caplog.at_level(logging.WARNING, "sourcery"), accounts.store(f"sourcery_{part}") as store:
        PARTS[part](store, name)
    refused = [r.getMessage() for r in caplog.records if "PrivilegeMissing" in r.getMessage()]
    # a reader may not keep the snapshots that it would
    assert (part == "reader") == bool(refused)


def denied(accounts: Accounts, part: str, statement: str) -> bool:
    """Whether the database says that the account may not, or says so by hiding the table."""
    engine = create_engine(accounts.url(f"sourcery_{part}"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return bool(
            {"42501", 1142, 1143} & {getattr(error.orig, "sqlstate", None), error.orig.args[0]}
        )
    finally:
        engine.dispose()
    return False


def test_nobody_else_may_forge(accounts: Accounts) -> None:
    """Neither change events nor say who the store is; nor what another part may."""
    asked = [(part, line) for part in PARTS if part != "builder" for line in FORGERIES]
    asked += [(part, line) for part, lines in BEYOND.items() for line in lines]
    if accounts.database.family == "postgresql":  # the counter row is MariaDB's
        asked = [(part, line) for part, line in asked if "positions" not in line] + [
            (part, "select setval('sourcery_positions_seq', 1)") for part in PARTS
        ]
    assert [] == [(part, line) for part, line in asked if not denied(accounts, part, line)]


def append(store: EventStore) -> None:
    """One event."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("thing", "x"), [Happened(1)], expected=0)


def publish(store: EventStore) -> None:
    """One message."""
    with UnitOfWork(store) as uow:
        uow.publish("things", payload=1)


def accept(store: EventStore) -> None:
    """One message of a broker's."""
    with UnitOfWork(store) as uow:
        uow.accept("things", "1")


def subscribe(store: EventStore) -> None:
    """Run a consumer."""
    Subscriber(store, "other", refuse, events=Happened).drain(PATIENCE)


def steer(store: EventStore) -> None:
    """Steer one that is there."""
    Consumer(store, "known").pause()


def look(store: EventStore) -> None:
    """See letters."""
    Consumer(store, "known").letters()


def repair(store: EventStore) -> None:
    """What is the migrator's."""
    store.repair()


def claim(store: EventStore) -> None:
    """Name the environment."""
    with EventStore(store.engine, environment="production") as named:
        named.settled()


#: What an account lacks, PostgreSQL's first; MariaDB locks the counter before all else.
LACKS = [
    ("reader", append, "INSERT on sourcery_events", "UPDATE on sourcery_positions"),
    ("reader", publish, "INSERT on sourcery_outbox", "UPDATE on sourcery_positions"),
    ("reader", accept, "INSERT on sourcery_inbox", "INSERT on sourcery_inbox"),
    ("reader", steer, " on sourcery_consumers", " on sourcery_consumers"),
    ("reader", look, " on sourcery_consumers", " on sourcery_consumers"),
    ("reader", claim, "UPDATE on sourcery_store", "UPDATE on sourcery_store"),
    ("writer", subscribe, " on sourcery_consumers", " on sourcery_consumers"),
    ("operator", append, "INSERT on sourcery_events", "UPDATE on sourcery_positions"),
    ("operator", repair, "UPDATE on sourcery_store", "UPDATE on sourcery_positions"),
]


def test_what_is_missing_is_named(accounts: Accounts, owner: EventStore) -> None:
    """The privilege and the table, in a typed error; nothing is written."""
    is_postgresql = accounts.database.family == "postgresql"
    before = len(list(owner.read()))
    for part, work, *expected in LACKS:
        with accounts.store(f"sourcery_{part}") as store, pytest.raises(PrivilegeMissing) as caught:
            work(store)
        assert expected[not is_postgresql] in str(caught.value)
    assert before == len(list(owner.read()))


@pytest.mark.databases("postgresql")
def test_a_hardened_server_is_upgraded_by_a_plain_role(empty_database: Database) -> None:
    """It may not ask for the server's identifier, which the first revision would store."""
    role = f"role_{empty_database.url.database}"
    owner = create_engine(empty_database.url, poolclass=NullPool)
    with owner.begin() as connection:
        for line in (
            "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
            f"CREATE ROLE {role} LOGIN",
            f"GRANT CREATE ON SCHEMA public TO {role}",
        ):
            connection.exec_driver_sql(line)
    with EventStore(empty_database.url.set(username=role), events=Happened) as store:
        store.upgrade()
        append(store)
        assert not store.adopt()  # it is at home, by the name alone
    with owner.begin() as connection:
        found = connection.exec_driver_sql("select system_identifier from sourcery_store").scalar()
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    assert found is None
