"""Several processes and threads upgrade at once."""

import sqlite3
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event

import pytest
from sqlalchemy import URL, Connection, Engine, event, select

from sourcery import schema
from sourcery import upgrade as module
from sourcery.engine import open_engine
from sourcery.errors import UpgradeBlocked
from sourcery.testing.conformance.migrations import check, upgrade_to
from sourcery.upgrade import exclusively, upgrade
from tests.databases import Database

#: Forks eight processes that go together; each upgrades and says how many revisions it ran.
PROGRAM = """
import logging, os, sys
import alembic.command
from sourcery.engine import open_engine
from sourcery.upgrade import upgrade

class Count(logging.Handler):
    revisions = 0
    def emit(self, record):
        self.revisions += record.getMessage().startswith("Running upgrade")

count = Count()
logging.getLogger("alembic").addHandler(count)
logging.getLogger("alembic").setLevel("INFO")
(is_ready, ready), (may_go, go) = os.pipe(), os.pipe()

def work():
    os.close(go)
    opened = open_engine(sys.argv[1])
    os.write(ready, b".")
    os.read(may_go, 1)
    upgrade(opened.engine)
    opened.close()

for _ in range(8):
    if os.fork() == 0:
        said = "failed"
        try:
            work()
            said = count.revisions
        finally:
            os.write(1, f"{said}\\n".encode())
            os._exit(0)
for _ in range(8):
    os.read(is_ready, 1)
os.close(go)
for _ in range(8):
    os.wait()
"""


#: No lock, and time enough for all eight to see the same before the first changes anything.
UNLOCKED = """
import time
import sourcery.upgrade
from alembic.runtime.migration import MigrationContext

sourcery.upgrade._lock = lambda connection: None
look = MigrationContext.get_current_heads

def look_and_wait(self):
    found = look(self)
    time.sleep(0.5)
    return found

MigrationContext.get_current_heads = look_and_wait
"""


def upgrade_in_eight_processes(url: URL, program: str) -> list[str]:
    """Let eight go together; what each said."""
    command = [sys.executable, "-W", "error", "-c", program, url.render_as_string(False)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return sorted(done.stdout.split())


def one_ran(revisions: int) -> list[str]:
    """What the eight say when one ran so many revisions, and the others found nothing to do."""
    return ["0"] * 7 + [f"{revisions}"]


@pytest.mark.promise(44)
@pytest.mark.promise(49)
def test_rule_41_of_eight_processes_one_upgrades(empty_database: Database, engine: Engine) -> None:
    """All succeed, one runs the revisions, and the tables are right."""
    said = upgrade_in_eight_processes(empty_database.url, PROGRAM)

    assert one_ran(schema.REVISION) == said
    check(engine)


@pytest.mark.promise(44)
@pytest.mark.promise(49)
def test_rule_41_of_eight_new_releases_one_upgrades(
    empty_database: Database, engine: Engine
) -> None:
    """The same when the tables are those of the first release."""
    upgrade_to(engine, "sourcery_0001")

    said = upgrade_in_eight_processes(empty_database.url, PROGRAM)

    assert one_ran(schema.REVISION - 1) == said
    check(engine)


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql", "mariadb")
def test_rule_41_without_the_lock_they_break_each_other(empty_database: Database) -> None:
    """The test of the test: the same eight, and the lock switched off."""
    said = upgrade_in_eight_processes(empty_database.url, UNLOCKED + PROGRAM)

    assert one_ran(schema.REVISION) != said


@pytest.mark.promise(44)
def test_eight_threads_upgrade_at_once(empty_database: Database, engine: Engine) -> None:
    """Alembic itself runs one migration at a time in a process."""
    together = Barrier(8)

    def start(_: int) -> None:
        opened = open_engine(empty_database.url)
        together.wait(30)
        upgrade(opened.engine)
        opened.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))

    check(engine)
    with engine.connect() as connection:
        assert 1 == len(connection.execute(select(schema.store)).all())


@contextmanager
def someone_upgrading(url: URL) -> Generator[None]:
    """Another process, as far as the database can tell, holds the lock of upgrades."""
    locked, done = Event(), Event()
    opened = open_engine(url)

    def hold(_: Connection) -> None:
        locked.set()
        assert done.wait(60)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(exclusively, opened.engine, hold)
        assert locked.wait(30)
        try:
            yield
        finally:
            done.set()
            holding.result(30)
            opened.close()


def wait_a_tenth(driver: sqlite3.Connection, _: object) -> None:
    """Do not wait half a minute for another writer."""
    driver.execute("PRAGMA busy_timeout=100")


@pytest.fixture
def impatient(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine on which one statement waits for a lock at most a second."""
    monkeypatch.setattr(module, "LOCK_TIMEOUT", 1)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", wait_a_tenth)
    return engine


@pytest.mark.promise(44)
def test_patience_with_another_upgrade_has_an_end(
    empty_database: Database, impatient: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hangs in its upgrade does not hang all others."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)

    with someone_upgrading(empty_database.url), pytest.raises(UpgradeBlocked):
        upgrade(impatient)


@pytest.mark.promise(44)
def test_upgrade_goes_on_when_the_other_is_done(
    empty_database: Database, impatient: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that was not to be had is asked for again."""
    refused = Event()
    monkeypatch.setattr("sourcery.upgrade.time.sleep", lambda _: refused.set())

    with ThreadPoolExecutor(1) as pool:
        with someone_upgrading(empty_database.url):
            upgrading = pool.submit(upgrade, impatient)
            assert refused.wait(30)
        upgrading.result(60)

    check(impatient)


@pytest.mark.promise(44)
def test_nobody_waits_when_there_is_nothing_to_do(
    empty_database: Database, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program on an upgraded database starts while another one holds the lock."""
    upgrade(engine)
    monkeypatch.setattr(module, "PATIENCE", 0.0)

    with someone_upgrading(empty_database.url):
        upgrade(engine)
