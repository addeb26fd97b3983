"""Where the kit runs: beside the user's database, or in it when it is empty."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, inspect, text

from sourcery import EventStore
from sourcery.testing.conformance.cleaning import connected, tables_in
from sourcery.testing.conformance.scratch import Given, NotUsable, open_scratch
from sourcery.testing.conformance.support import append, read
from tests.databases import Database

ACCOUNTS = {
    "postgresql": (
        "CREATE ROLE {name} LOGIN",
        "ALTER DATABASE {database} OWNER TO {name}",
        "DROP OWNED BY {name}",
        "DROP ROLE {name}",
    ),
    "mariadb": (
        "CREATE USER {name}@'127.0.0.1'",
        "GRANT ALL ON {database}.* TO {name}@'127.0.0.1'",
        "SELECT 1",
        "DROP USER {name}@'127.0.0.1'",
    ),
}


@pytest.fixture
def limited(empty_database: Database) -> Iterator[URL]:
    """An account that may do everything in one database, and make no other."""
    words = {"name": f"limited_{empty_database.url.database}"[:30]}
    words["database"] = str(empty_database.url.database)
    make, grant, revoke, drop = (w.format(**words) for w in ACCOUNTS[empty_database.family])
    server = empty_database.server
    server.execute(make, grant)
    yield empty_database.url.set(username=words["name"])
    with connected(empty_database.url) as connection:
        if empty_database.family == "postgresql":
            connection.execute(text(f"REASSIGN OWNED BY {words['name']} TO postgres"))
            connection.execute(text(revoke))
    server.execute(drop)


def names(url: URL) -> list[str]:
    """Whatever is in a database."""
    engine = create_engine(url)
    found = tables_in(engine)
    engine.dispose()
    return found


def databases(url: URL) -> set[str]:
    """The scratch databases on a server."""
    engine = create_engine(url)
    mariadb = engine.dialect.name in {"mysql", "mariadb"}
    query = "SHOW DATABASES" if mariadb else "SELECT datname FROM pg_database"
    with engine.connect() as connection:
        found = set(connection.execute(text(query)).scalars())
    engine.dispose()
    return {name for name in found if name.startswith("sourcery_conformance_")}


def test_the_database_of_the_url_is_left_as_it_is(database: Database) -> None:
    """Every test gets a store without events, beside it; and nothing stays."""
    with EventStore(database.url) as store:
        append(store, "mine", 3)
        scratch = open_scratch(database.url)
        for make in (scratch.upgraded, scratch.other, scratch.upgraded):
            with EventStore(make()) as other:
                assert [] == read(other)
                append(other, "a")
        scratch.remove()
        assert 3 == len(read(store))


@pytest.mark.databases("postgresql", "mariadb")
def test_a_made_database_is_dropped(database: Database) -> None:
    """Also one that a test is still connected to."""
    scratch = open_scratch(database.url)
    url = scratch.upgraded()
    assert url.database in databases(database.url)
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM sourcery_events"))
        scratch.remove()
        connection.invalidate()
    engine.dispose()
    assert url.database not in databases(database.url)


def test_what_a_test_altered_is_made_anew(database: Database) -> None:
    """A table that is gone, a column more, a stranger's table."""
    scratch = open_scratch(database.url)
    changes = [
        "DROP TABLE sourcery_inbox",
        "ALTER TABLE sourcery_events ADD COLUMN stray INTEGER",
        "CREATE INDEX stray ON sourcery_events (version)",
        "CREATE TABLE stranger (id INTEGER)",
    ]
    tables = names(scratch.upgraded())
    for change in changes:
        with connected(scratch.upgraded()) as connection:
            connection.execute(text(change))
        url = scratch.upgraded()
        assert tables == names(url)
        with connected(url) as connection:
            found = inspect(connection)
            assert "stray" not in str(found.get_columns("sourcery_events"))
            assert "stray" not in str(found.get_indexes("sourcery_events"))
    scratch.remove()


@pytest.mark.databases("postgresql", "mariadb")
def test_an_empty_database_is_used_where_no_other_can_be_made(limited: URL) -> None:
    """And it is empty again afterwards."""
    scratch = open_scratch(limited)
    assert Given is type(scratch)
    with EventStore(scratch.upgraded()) as store:
        append(store)
    with EventStore(scratch.upgraded()) as store:
        assert [] == read(store)
    assert scratch.other() is None
    scratch.remove()
    assert [] == names(limited)


@pytest.fixture
def powerless(limited: URL, empty_database: Database) -> URL:
    """The same account, which may no longer make anything."""
    name, database = limited.username, empty_database.url.database
    words = {
        "postgresql": [f"ALTER DATABASE {database} OWNER TO postgres"],
        "mariadb": [
            f"REVOKE ALL ON {database}.* FROM {name}@'127.0.0.1'",
            f"GRANT SELECT ON {database}.* TO {name}@'127.0.0.1'",
        ],
    }
    empty_database.server.execute(*words[empty_database.family])
    return limited


@pytest.mark.databases("postgresql", "mariadb")
def test_an_account_that_may_make_nothing_is_refused(
    powerless: URL, empty_database: Database
) -> None:
    """Before the first test, and with the words that help; on PostgreSQL either of them does."""
    with pytest.raises(NotUsable, match="neither databases nor tables") as refused:
        open_scratch(powerless)
    helps = str(refused.value).rpartition(": ")[2]
    assert str(powerless.username) in helps
    for words in helps.split(", or "):
        statement = words.replace(f"TO {powerless.username}", f"TO {account(powerless)}")
        with connected(empty_database.url) as connection:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        scratch = open_scratch(powerless)
        assert scratch.upgraded()
        scratch.remove()
        if "CREATEDB" in words:
            with connected(empty_database.url) as connection:
                connection.exec_driver_sql(f"ALTER ROLE {powerless.username} NOCREATEDB")


def account(url: URL) -> str:
    """As the server names it in a GRANT."""
    return (
        f"{url.username}@'127.0.0.1'" if url.get_backend_name() == "mariadb" else f"{url.username}"
    )


@pytest.mark.databases("postgresql", "mariadb")
def test_a_database_with_a_table_is_refused(limited: URL) -> None:
    """Whosever it is; the table stays."""
    with connected(limited) as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    with pytest.raises(NotUsable, match="customers"):
        open_scratch(limited)
    assert ["customers"] == names(limited)


@pytest.mark.databases("postgresql", "mariadb")
def test_several_processes_cannot_share_one_database(limited: URL) -> None:
    """Each would empty it under the other."""
    with pytest.raises(NotUsable, match="without -n"):
        open_scratch(limited, alone=False)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ada:pa55word@127.0.0.1:1/bank", "no connection to"),
        ("postgresql//ada:pa55word@127.0.0.1:1/bank", "is not a database URL"),
        ("nobodys://ada:pa55word@127.0.0.1:1/bank", "no dialect for 'nobodys'"),
        ("mysql+nothing://ada:pa55word@127.0.0.1:1/bank", "Can't load plugin"),
    ],
)
def test_a_url_that_leads_nowhere_is_said_without_the_password(url: str, said: str) -> None:
    """Before any test."""
    with pytest.raises(NotUsable, match=said) as caught:
        open_scratch(url)
    assert "pa55word" not in str(caught.value)
