"""More than one PostgreSQL server: a standby that follows one, and copies by dump."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.databases.postgresql import PostgreSQL
from tests.databases.process import ServerProcess
from tests.ordering.support import wait_until


class Standby(PostgreSQL):
    """A server that begins as a copy of another one and follows it."""

    def __init__(self, primary: PostgreSQL) -> None:
        super().__init__(f"{primary.name}-standby", primary.source, primary.schema)
        self._primary = primary
        self._programs = primary._programs

    def prepare(self, process: ServerProcess) -> None:
        """Copy the running primary."""
        address = f"host=127.0.0.1 port={self._primary.process.port} user=postgres"
        copy = [f"{self._programs}/pg_basebackup", f"--pgdata={process.folder}/data"]
        options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        process.run([*copy, *options, f"--dbname={address}"])

    def ready(self, folder: Path, pid: int) -> bool:
        """Take connections for reading."""
        return super().ready(folder, pid) or _status(folder, pid) == "standby"

    def at(self, url: URL) -> URL:
        """Give the URL of the same database here."""
        return url.set(port=self.process.port)

    def catch_up(self) -> None:
        """Wait until it has all that the primary has by now."""
        (sent,) = self._primary.query("SELECT pg_current_wal_lsn()::text")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{sent}'"
        wait_until(lambda: self.query(replayed) == [True])

    def cut_off(self) -> None:
        """Follow no more: what the primary commits from now on is not here."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        wait_until(lambda: self._primary.query("SELECT pid FROM pg_stat_replication") == [])

    def promote(self) -> None:
        """Take over."""
        self.execute("SELECT pg_promote()")
        self.disconnect()


def _status(folder: Path, pid: int) -> str:
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if lines[:1] == [str(pid)] and len(lines) > 7 else ""


@contextmanager
def standby_of(primary: PostgreSQL) -> Iterator[Standby]:
    """Run a standby of a running server."""
    standby = Standby(primary)
    try:
        standby.start()
        yield standby
    finally:
        standby.remove()


@contextmanager
def new_server_like(server: PostgreSQL) -> Iterator[PostgreSQL]:
    """Run an empty server of the same version."""
    another = PostgreSQL(f"{server.name}-new", server.source, server.schema)
    try:
        another.start()
        yield another
    finally:
        another.remove()


def dump_and_restore(server: PostgreSQL, source: URL, target: URL, *options: str) -> None:
    """Copy what pg_dump writes of one database into another."""
    dump = _run(server, "pg_dump", source, *options)
    _run(server, "psql", target, "--quiet", "--set=ON_ERROR_STOP=1", script=dump)


def _run(server: PostgreSQL, program: str, url: URL, *options: str, script: str = "") -> str:
    address = f"host={url.host} port={url.port} user={url.username} dbname={url.database}"
    command = [f"{server._programs}/{program}", f"--dbname={address}", "--no-password", *options]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout
