"""The wheel does its work away from the checkout, with nothing but what it requires."""

import subprocess
from pathlib import Path

PROGRAM = """
from attrs import frozen
from sourcery import EventStore, Stream, UnitOfWork, event

@event("note.taken")
@frozen
class Taken:
    text: str

with EventStore("sqlite:///notes.db", events=[Taken]) as store:
    store.upgrade()
    with UnitOfWork(store) as uow:
        uow.append(Stream("note", "1"), [Taken("from the wheel")])
    print([recorded.event.text for recorded in store.read()])
"""

INI = """
[alembic]
script_location = sourcery.migrations:.
sqlalchemy.url = sqlite:///notes.db
"""


def run(folder: Path, *command: str | Path) -> str:
    """Run a program in a folder; give what it prints."""
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=120
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def test_installed_package_upgrades_writes_and_reads(programs: Path, tmp_path: Path) -> None:
    """One small program, isolated from every other folder, with warnings as errors."""
    printed = run(tmp_path, programs / "python", "-I", "-W", "error", "-c", PROGRAM)
    assert "['from the wheel']" == printed


def test_alembic_upgrades_from_the_wheel(programs: Path, tmp_path: Path) -> None:
    """The `alembic` command finds the revisions inside the package, and none is missing."""
    (tmp_path / "alembic.ini").write_text(INI)
    run(tmp_path, programs / "alembic", "upgrade", "head")
    assert "(head)" in run(tmp_path, programs / "alembic", "current")
    assert "No new upgrade operations detected." == run(tmp_path, programs / "alembic", "check")


def test_installed_package_hides_no_other(programs: Path, tmp_path: Path) -> None:
    """`alembic` is still the library, and our modules come from the environment."""
    code = "import alembic, sourcery.migrations as m; print(alembic.__version__, m.__file__)"
    version, _, path = run(tmp_path, programs / "python", "-I", "-c", code).partition(" ")
    assert version[0].isdigit()
    assert Path(path).is_relative_to(programs.parent)


def test_the_command_says_what_it_needs(programs: Path, tmp_path: Path) -> None:
    """Without the extra: one line, no traceback, exit status 1; and so does the module."""
    for command in ([programs / "sourcery"], [programs / "python", "-I", "-m", "sourcery"]):
        done = subprocess.run(
            command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120
        )
        assert (1, "") == (done.returncode, done.stdout)
        assert "needs click and rich: pip install" in done.stderr
        assert 1 == len(done.stderr.splitlines())
