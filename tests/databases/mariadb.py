"""MariaDB from Debian's package, or MySQL and MariaDB by URL; tables are copied by SQL."""

import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError

from tests.databases.network import NetworkServer
from tests.databases.process import ServerProcess
from tests.databases.server import new_name

SETTINGS = {
    "bind-address": "127.0.0.1",
    "max-connections": "200",
    "character-set-server": "utf8mb4",
    # 2, not 0: what is committed reaches the operating system, so it survives `kill`.
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "0",
    "innodb-log-file-size": "48M",
    # A payload of 10 MB may take 40 in a statement.
    "max-allowed-packet": "64M",
}


class MariaDB(NetworkServer):
    """A server of its own, whose `root` needs no password from 127.0.0.1."""

    family: ClassVar[str] = "mariadb"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    _copy: tuple[str, ...] = ()

    @property
    def admin_url(self) -> URL:
        """Give the URL of `root` and the database `mysql`."""
        if self._existing is not None:
            return self._existing
        return URL.create(
            "mariadb+pymysql",
            username="root",
            host="127.0.0.1",
            port=self.process.port,
            database="mysql",
            # PyMySQL 1.2 loads the machine's certificates at every connect: 25 ms.
            query={"ssl_disabled": "true"},
        )

    def not_installed(self) -> str | None:
        """Look for the programs."""
        package = self.source.partition(":")[2]
        if _program("mariadbd") and _program("mariadb-install-db"):
            return None
        return f"{self.name} is not installed: apt-get install {package}"

    def create_database(self) -> URL:
        """Make it with the character set that Debian's configuration gives a server."""
        url = self.admin_url.set(database=new_name())
        self.execute(f"CREATE DATABASE {url.database} CHARACTER SET utf8mb4")
        return url

    def create_upgraded(self) -> URL:
        """Repeat the template's table definitions and copy its rows."""
        self._copy = self._copy or self._read_template()
        url = self.create_database()
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                for statement in self._copy:
                    connection.exec_driver_sql(statement)
                self.schema.adopt(connection)
        finally:
            engine.dispose()
        return url

    def _read_template(self) -> tuple[str, ...]:
        template = self.template().database
        tables = self.query(f"SHOW TABLES FROM {template}")
        statements = ["SET foreign_key_checks = 0"]  # the tables come in no special order
        for table in tables:
            statements += self.query(f"SHOW CREATE TABLE {template}.`{table}`", column=1)
            statements.append(f"INSERT INTO `{table}` SELECT * FROM {template}.`{table}`")
        return (*statements, "SET foreign_key_checks = 1")

    def drop_database(self, url: URL) -> None:
        """End what is connected to it, then drop it: DROP waits for open transactions."""
        sessions = f"SELECT id FROM information_schema.processlist WHERE db = '{url.database}'"
        for number in self.query(sessions):
            with suppress(DBAPIError):  # it has left by itself
                self.execute(f"KILL {number}")
        self.execute("SET lock_wait_timeout = 10", f"DROP DATABASE IF EXISTS {url.database}")

    def remove(self) -> None:
        """End the server and delete its folder."""
        super().remove()
        self._copy = ()

    def prepare(self, process: ServerProcess) -> None:
        """Make the system tables."""
        process.run(
            [
                str(_program("mariadb-install-db")),
                "--no-defaults",
                f"--datadir={process.folder}/data",
                "--auth-root-authentication-method=normal",
                "--skip-name-resolve",
                "--skip-test-db",
            ]
        )

    def command(self, folder: Path, port: int) -> list[str]:
        """Keep all its files in the folder, and read no configuration of the machine."""
        return [
            str(_program("mariadbd")),
            "--no-defaults",
            "--skip-name-resolve",
            f"--datadir={folder}/data",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            f"--port={port}",
            *(f"--{name}={value}" for name, value in SETTINGS.items()),
        ]

    def ready(self, folder: Path, pid: int) -> bool:
        """Read its process id from its file, then be greeted.

        It writes the file a moment before it takes connections, and a SIGTERM in that
        moment is lost.
        """
        try:
            mine = (folder / "pid").read_text().strip() == str(pid)
        except FileNotFoundError:
            return False
        return mine and _greets(self.process.port)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def _program(name: str) -> str | None:
    """Find a program; an ordinary account has no /usr/sbin in its PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
