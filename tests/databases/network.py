"""A server reached by TCP, ours or an existing one, and its administrator."""

import signal
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from tests.databases.process import ServerProcess
from tests.databases.server import Schema, Server


class NetworkServer(Server):
    """A server reached by TCP: one we start, or an existing one given by its URL."""

    #: What makes it shut down in good order.
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, name: str, source: str, schema: Schema) -> None:
        super().__init__(name, source, schema)
        self._existing = make_url(source) if "://" in source else None
        self._process: ServerProcess | None = None
        self._admin: Engine | None = None
        self._template: URL | None = None

    @property
    @abstractmethod
    def admin_url(self) -> URL:
        """Give the URL of the account and database by which databases are made."""

    @abstractmethod
    def prepare(self, process: ServerProcess) -> None:
        """Make what a new server needs in the folder of the process."""

    @abstractmethod
    def command(self, folder: Path, port: int) -> Sequence[str]:
        """Give the command line that runs it."""

    @abstractmethod
    def ready(self, folder: Path, pid: int) -> bool:
        """Whether this very process, and not another at the port, takes connections."""

    @abstractmethod
    def not_installed(self) -> str | None:
        """Say which package is missing and what installs it."""

    @property
    def process(self) -> ServerProcess:
        """Give the server we started, started now if it never was."""
        if self._process is None:
            self.start()
        assert self._process is not None
        return self._process

    def missing(self) -> str | None:
        """Ask the existing server, or look for the programs."""
        if self._existing is None:
            return self.not_installed()
        try:
            self.execute("SELECT 1")
        except DBAPIError as error:
            return f"{self.name}: {self._existing} does not answer ({error.orig})"
        return None

    def start(self) -> None:
        """Start it unless it runs; return when it accepts connections."""
        if self._existing is not None or (self._process is not None and self._process.alive):
            return
        if self._process is None:
            self._process = self._prepared()
        folder = self._process.folder
        self._process.start(partial(self.command, folder), partial(self.ready, folder))

    def _prepared(self) -> ServerProcess:
        process = ServerProcess(self.name)
        try:
            self.prepare(process)
        except BaseException:
            process.remove()
            raise
        return process

    def stop(self) -> None:
        """Shut it down in good order, which ends all connections."""
        self._ours().stop(self.stop_signal)
        self.disconnect()

    def kill(self) -> None:
        """End all its processes with SIGKILL, like a crash."""
        self._ours().kill()
        self.disconnect()

    def _ours(self) -> ServerProcess:
        """Give the server we started; skip a test that must harm somebody else's."""
        if self._existing is not None:
            pytest.skip(f"{self.name} is an existing server, which no test may stop")
        return self.process

    def execute(self, *statements: str) -> None:
        """Run statements as the administrator, each committed at once."""
        with self._administrator().connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def query(self, statement: str, column: int = 0) -> list[Any]:
        """Run a query as the administrator; give one column of all rows."""
        with self._administrator().connect() as connection:
            return list(connection.exec_driver_sql(statement).scalars(column))

    def _administrator(self) -> Engine:
        self.start()  # a test may have left it killed
        if self._admin is None:
            self._admin = create_engine(
                self.admin_url, isolation_level="AUTOCOMMIT", pool_pre_ping=True
            )
        return self._admin

    def disconnect(self) -> None:
        """Close the administrator's connections."""
        if self._admin is not None:
            self._admin.dispose()
            self._admin = None

    def template(self) -> URL:
        """Give the database that the others are copied from, made at the first call."""
        if self._template is None:
            url = self.create_database()
            try:
                self.schema.upgrade(url)
            except BaseException:
                self.drop_database(url)
                raise
            self._template = url
        return self._template

    def remove(self) -> None:
        """End the server and delete its folder; leave nothing of ours in an existing one."""
        if self._existing is not None and self._template is not None:
            self.drop_database(self._template)
        self.disconnect()
        if self._process is not None:
            self._process.remove()
        self._process = self._template = None
