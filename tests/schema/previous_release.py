"""The code of earlier releases, out of git's history, as pip would install it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from sqlalchemy import URL

from sourcery.schema import REVISION

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


@dataclass(frozen=True)
class Release:
    """Code of ours in a folder."""

    folder: Path

    def run(self, program: str, url: URL, *arguments: str) -> str:
        """Run a program with this code and no other of ours; what it prints."""
        running = self.start(program, url, *arguments)
        said, complaint = running.communicate(timeout=120)
        assert running.returncode == 0, complaint
        return said

    def start(self, program: str, url: URL, *arguments: str) -> subprocess.Popen[str]:
        """The same, without waiting for its end."""
        return subprocess.Popen(
            [sys.executable, "-c", program, url.render_as_string(hide_password=False), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


#: The code of this checkout.
PRESENT = Release(ROOT)


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
