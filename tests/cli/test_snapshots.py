"""`snapshots`: listed, deleted, verified."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from sourcery import EventStore, every, stored_snapshots
from sourcery.cli import main
from sourcery.schema import snapshots
from tests.cli.support import Shell
from tests.snapshots.domain import tally, work

CLS = tally(every(1))
OF = f"{__name__}:CLS"


def keep(store: EventStore, *ids: str) -> None:
    """A snapshot of each."""
    for id in ids:
        work(store, CLS, 1, 2, id=id)


def test_they_are_listed(store: EventStore, shell: Shell) -> None:
    """By owner, id and age."""
    assert "there are no snapshots" in shell.text("snapshots", "list")
    keep(store, "a", "b")
    assert ["a", "b"] == [one["id"] for one in shell.json("snapshots", "list")]
    assert ["b"] == [x["id"] for x in shell.json("snapshots", "list", "--of", OF, "--id", "b")]
    assert [] == shell.json("snapshots", "list", "--older-than", "1h")
    assert 1 == len(shell.json("snapshots", "list", "--limit", 1))
    assert "aggregate:tally  a" in shell.text("snapshots", "list")


def test_a_choice_is_deleted(store: EventStore, shell: Shell) -> None:
    """After it was said how many."""
    keep(store, "a", "b", "c")
    words = ("snapshots", "delete", "--of", "aggregate:tally")
    assert "delete 3 snapshots" in shell.run(*words, input="n\n", code=1).stderr
    assert 3 == len(list(stored_snapshots(store)))
    assert "1 snapshots are deleted" in shell.text(*words, "--id", "b", "--yes")
    assert "0 snapshots are deleted" in shell.text(*words, "--outdated", "--of", OF)
    assert "2 snapshots are deleted" in shell.text(*words, "--yes")


@pytest.fixture
def app(shell: Shell, tmp_path: Path) -> str:
    """A program with a store."""
    name = f"tallies_{tmp_path.name}".replace("-", "_")
    text = f"from sourcery import EventStore\nstore = lambda: EventStore({shell.url!r})\n"
    (tmp_path / f"{name}.py").write_text(text)
    return f"{name}:store"


def test_they_are_verified(store: EventStore, app: str) -> None:
    """By a replay, with exit status 1 for one that is wrong."""
    keep(store, "a", "b")
    words = ["--app", app, "snapshots", "verify", OF]
    assert "2 snapshots are as they should be" in CliRunner().invoke(main, words).stdout
    wrong = b'{"total":9,"amounts":[1,2]}'
    with store.engine.begin() as connection:
        connection.execute(update(snapshots).where(snapshots.c.owner_id == "a").values(state=wrong))
    result = CliRunner().invoke(main, words)
    assert (1, True) == (result.exit_code, "wrong" in result.stdout)
    assert "1 snapshots are not as they should be" in result.stderr


def test_verifying_needs_the_program(shell: Shell) -> None:
    """The events are read as it does."""
    assert "say --app" in shell.error("snapshots", "verify", OF, code=2)
