"""The code of the release before this schema, out of git's history, as pip would install it."""

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
    """This folder does not hold the commits of the previous release."""

    def __str__(self) -> str:
        return (
            f"the code of revision {REVISION - 1} is not in git's history here "
            f"(a source distribution, or a shallow clone: git fetch --unshallow)"
        )


@dataclass(frozen=True)
class Release:
    """Code of ours in a folder."""

    folder: Path

    def run(self, program: str, url: URL, *arguments: str) -> str:
        """Run a program with this code and no other of ours; what it prints."""
        url_text = url.render_as_string(hide_password=False)
        done = subprocess.run(
            [sys.executable, "-c", program, url_text, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def unpack(folder: Path) -> Release:
    """Lay the package out in the folder; raises `NoHistory`."""
    archive = _git("archive", "--format=zip", _commit(), "sourcery", "alembic/migrations")
    with ZipFile(BytesIO(archive)) as files:
        files.extractall(folder)
    (folder / "alembic" / "migrations").rename(folder / "sourcery" / "migrations")
    return Release(folder)


def _commit() -> str:
    """The last commit before the one that raised the revision, which may not be made yet."""
    line = f"^{DECLARED.format(REVISION)}$"
    raised = _git("log", "--format=%H", "-G", line, "--", SCHEMA).decode().split()
    found = f"{raised[-1]}^" if raised else "HEAD"
    if DECLARED.format(REVISION - 1) not in _git("show", f"{found}:{SCHEMA}").decode():
        raise NoHistory
    return found


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, check=True, capture_output=True, timeout=60
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoHistory from error
    return done.stdout
