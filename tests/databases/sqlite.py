"""SQLite: a database is a file, and a fresh one a copy of the file with our tables."""

import shutil
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL, create_engine

from tests.databases.folder import GuardedFolder
from tests.databases.process import ServerFailed
from tests.databases.server import Server, new_name


class SQLite(Server):
    """A folder of files. It needs no server and is always there."""

    family: ClassVar[str] = "sqlite"
    _folder: GuardedFolder | None = None
    _template: Path | None = None

    def missing(self) -> str | None:
        """SQLite comes with Python."""
        return None

    def start(self) -> None:
        """Make the folder."""
        if self._folder is None:
            self._folder = GuardedFolder(self.name)

    def create_database(self) -> URL:
        """Name a file; SQLite makes it at the first connection."""
        self.start()
        assert self._folder is not None
        return URL.create("sqlite", database=f"{self._folder.path}/{new_name()}.db")

    def create_upgraded(self) -> URL:
        """Copy the template file."""
        template = self._upgraded()
        url = self.create_database()
        shutil.copyfile(template, _path(url))
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                self.schema.adopt(connection)
        finally:
            engine.dispose()
        return url

    def _upgraded(self) -> Path:
        if self._template is None:
            url = self.create_database()
            self.schema.upgrade(url)
            self._template = _path(url)
            # The last connection that closes moves all that is in this file.
            if Path(f"{self._template}-wal").exists():
                raise ServerFailed("the upgrade left a connection open", str(url))
        return self._template

    def drop_database(self, url: URL) -> None:
        """Delete the file and its companions."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{_path(url)}{suffix}").unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder."""
        if self._folder is not None:
            self._folder.remove()
        self._folder = self._template = None


def _path(url: URL) -> Path:
    assert url.database is not None
    return Path(url.database)
