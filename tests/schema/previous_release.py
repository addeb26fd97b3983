"""The code of earlier releases, out of git's history, as pip would install it."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from sqlalchemy import URL

from sourcery.schema import REVISION
from tests.schema.forking import Ended, Forking

ROOT = Path(__file__).parents[2]
SCHEMA = "sourcery/schema.py"
DECLARED = "REVISION: Final = {}"


class NoHistory(Exception):
    """This folder does not hold the commits of an earlier release."""

    def __init__(self, revision: int) -> None:
        super().__init__(revision)
        self.revision = revision

    def __str__(self) -> str:
        return (
            f"the code of revision {self.revision} is not in git's history here "
            f"(a source distribution, or a shallow clone: git fetch --unshallow)"
        )


class Release:
    """Code of ours in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._forking = Forking(folder)

    def run(self, program: str, url: URL, *arguments: str) -> str:
        """Run a program with this code and no other of ours; what it prints."""
        ended = self.end(program, url, *arguments)
        assert ended.status == 0, ended.complaint
        return ended.said

    def end(self, program: str, url: URL, *arguments: str) -> Ended:
        """The same, however it ends."""
        return self._forking.run(program, url.render_as_string(hide_password=False), *arguments)

    def close(self) -> None:
        """Run no more programs."""
        self._forking.close()

    def start(self, program: str, url: URL, *arguments: str) -> subprocess.Popen[str]:
        """Start it in a process of its own, and do not wait for its end."""
        return subprocess.Popen(
            [sys.executable, "-c", program, url.render_as_string(hide_password=False), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def unpack(folder: Path, revision: int = REVISION - 1) -> Release:
    """Lay the package of a revision's last release out in the folder; raises `NoHistory`."""
    try:
        found = _commit(revision)
        archive = _git("archive", "--format=zip", found, "sourcery", "alembic/migrations")
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise NoHistory(revision) from error
    with ZipFile(BytesIO(archive)) as files:
        files.extractall(folder)
    (folder / "alembic" / "migrations").rename(folder / "sourcery" / "migrations")
    return Release(folder)


def _commit(revision: int) -> str:
    """The last commit before the one that raised the revision, which may not be made yet."""
    line = f"^{DECLARED.format(revision + 1)}$"
    raised = _git("log", "--format=%H", "-G", line, "--", SCHEMA).decode().split()
    found = f"{raised[-1]}^" if raised else "HEAD"
    if DECLARED.format(revision) not in _git("show", f"{found}:{SCHEMA}").decode():
        raise NoHistory(revision)
    return found


def _git(*arguments: str) -> bytes:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, timeout=60
    )
    return done.stdout
