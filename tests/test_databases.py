"""The test databases themselves: fresh, crash-proof, and never skipped in silence."""

import errno
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from tests.databases import Database, Server

CHECKOUT = Path(__file__).parents[1]


def run_sql(url: URL, statement: str) -> list[Any]:
    """Run one statement and commit; give the first column of its rows."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return list(result.scalars()) if result.returns_rows else []


def tables(url: URL) -> list[str]:
    """List the tables of a database."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return inspect(connection).get_table_names()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_a_database_of_its_own(database: Database, turn: str) -> None:
    """What one test leaves behind the next one does not see."""
    assert [] == run_sql(database.url, "SELECT position FROM sourcery_events")
    assert [] == [name for name in tables(database.url) if name.startswith("leftover")]
    run_sql(database.url, f"CREATE TABLE leftover_{turn} (n INTEGER)")
    assert f"leftover_{turn}" in tables(database.url)


def test_no_two_databases_share_a_store_id(server: Server) -> None:
    """A copy of the template is a store of its own and knows its database."""
    urls = [server.create_upgraded(), server.create_upgraded()]
    ids = [run_sql(url, "SELECT store_id FROM sourcery_store")[0] for url in urls]
    names = [run_sql(url, "SELECT database_name FROM sourcery_store")[0] for url in urls]
    for url in urls:
        server.drop_database(url)
    assert 2 == len(set(ids))
    assert [str(url.database)[-200:] for url in urls] == names


def test_an_empty_database_has_no_table(empty_database: Database) -> None:
    """It is for tests of the upgrade itself."""
    assert [] == tables(empty_database.url)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_killed_server_keeps_what_was_committed(empty_database: Database) -> None:
    """After `kill` nobody answers; after `start` the same URL gives the same rows."""
    url = empty_database.url
    run_sql(url, "CREATE TABLE kept (n INTEGER)")
    run_sql(url, "INSERT INTO kept VALUES (1), (2)")
    empty_database.server.kill()
    with pytest.raises(DBAPIError):
        run_sql(url, "SELECT n FROM kept")
    empty_database.server.start()
    assert [1, 2] == run_sql(url, "SELECT n FROM kept ORDER BY n")


@pytest.mark.databases("postgresql", "mariadb")
def test_a_stopped_server_starts_again(empty_database: Database) -> None:
    """`stop` is a shutdown in good order, on whose data `start` goes on."""
    run_sql(empty_database.url, "CREATE TABLE kept (n INTEGER)")
    empty_database.server.stop()
    empty_database.server.start()
    assert ["kept"] == tables(empty_database.url)


def test_drop_does_not_wait_for_an_open_transaction(server: Server) -> None:
    """A test that failed in a transaction does not hold up the end of the run."""
    url = server.create_database()
    run_sql(url, "CREATE TABLE busy (n INTEGER)")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO busy VALUES (1)"))
        server.drop_database(url)
        connection.invalidate()
    assert [] == left_behind(server, url)


def left_behind(server: Server, url: URL) -> list[str]:
    """Look for a dropped database: its file, or its name on the server."""
    if server.family == "sqlite":
        file = Path(str(url.database))
        return [path.name for path in file.parent.glob(f"{file.name}*")]
    queries = {
        "postgresql": "SELECT datname FROM pg_database",
        "mariadb": "SELECT schema_name FROM information_schema.schemata",
    }
    names = run_sql(server.admin_url, queries[server.family])
    return [name for name in names if name == url.database]


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose setup.cfg names SQLite and two databases that nobody has."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT), prepend=os.pathsep)
    monkeypatch.delenv("SOURCERY_REQUIRE", raising=False)
    sources = "there = sqlite\nwheel = wheel:postgres-of-nobody\napt = apt:postgresql-99"
    pytester.path.joinpath("setup.cfg").write_text(f"[db]\n{sources}\n")
    pytester.makepyfile("def test_it(empty_database): assert empty_database.url")
    return pytester


def run_inner(inner: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest there in a process of its own, with the options of ours."""
    root = f"--rootdir={inner.path}"
    return inner.runpytest_subprocess("-p", "tests.conftest", root, "-rs", "-v", *arguments)


def test_a_skip_names_the_line_that_installs(inner: pytest.Pytester) -> None:
    """Whoever reads the reason knows what to type."""
    result = run_inner(inner)
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "*test_it?there? PASSED*",
            "SKIPPED*pip install postgres-of-nobody",
            "SKIPPED*apt-get install postgresql-99",
        ]
    )


@pytest.mark.parametrize("required", ["all", "there, apt"])
def test_a_required_database_that_is_missing_fails_the_run(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    """With SOURCERY_REQUIRE no test runs and the install line is printed."""
    monkeypatch.setenv("SOURCERY_REQUIRE", required)
    result = run_inner(inner)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*apt-get install postgresql-99*"])


def test_a_required_database_that_is_there_is_no_failure(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of names requires no others."""
    monkeypatch.setenv("SOURCERY_REQUIRE", "there")
    run_inner(inner, "--db", "there").assert_outcomes(passed=1)


def test_an_unknown_name_is_refused(inner: pytest.Pytester) -> None:
    """A typing error in --db must not mean that nothing is tested."""
    result = run_inner(inner, "--db", "postgres")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*no database postgres in *there, wheel, apt, all"])


def test_a_test_of_another_family_is_skipped_with_the_reason(inner: pytest.Pytester) -> None:
    """`databases(...)` keeps a test away from the databases it is not for."""
    inner.makepyfile(
        "import pytest\n"
        "@pytest.mark.databases('mariadb')\n"
        "def test_it(empty_database): raise AssertionError\n"
    )
    result = run_inner(inner, "--db", "there")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*runs on mariadb only*"])


SUICIDE = """
import os, pathlib, signal
def test_it(empty_database):
    process = empty_database.server.process
    pathlib.Path("found").write_text(f"{process.folder} {process.port}")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.databases("postgresql", "mariadb")
def test_nothing_is_left_when_pytest_is_killed(inner: pytest.Pytester, server: Server) -> None:
    """The guard ends the server and removes its folder: pytest itself cannot any more."""
    inner.path.joinpath("setup.cfg").write_text(f"[db]\nit = {server.source}\n")
    inner.makepyfile(SUICIDE)
    assert -signal.SIGKILL == run_inner(inner).ret
    folder, port = inner.path.joinpath("found").read_text().split()
    wait_until(lambda: not Path(folder).exists())
    with socket.socket() as client:
        assert errno.ECONNREFUSED == client.connect_ex(("127.0.0.1", int(port)))


def wait_until(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not so after {timeout} s"
        time.sleep(0.01)
