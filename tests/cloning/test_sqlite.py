"""What SQLite calls a file: its absolute path, however it was named."""

from pathlib import Path

import pytest

from sourcery import EventStore, Token
from sourcery.cloning import refuse_clone
from sourcery.errors import StoreCloned
from tests.cloning.copies import handled, path_of
from tests.databases import Database

pytestmark = [pytest.mark.databases("sqlite"), pytest.mark.promise(49)]


def at_home(url: str) -> bool:
    """Whether the store at a URL may have effects."""
    with EventStore(url) as store:
        try:
            refuse_clone(store.database)
        except StoreCloned:
            return False
        return True


def made(path: Path) -> Path:
    """A new store in this file."""
    path.parent.mkdir(exist_ok=True)
    with EventStore(f"sqlite:///{path}") as store:
        store.upgrade()
    return path


def test_a_relative_path_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is named from."""
    path = made(tmp_path / "bank" / "store.db")
    for folder, name in ((path.parent, "store.db"), (tmp_path, "bank/../bank/store.db")):
        monkeypatch.chdir(folder)
        assert at_home(f"sqlite:///{name}")


def test_a_store_made_by_a_relative_path_is_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The absolute path is what is stored."""
    monkeypatch.chdir(tmp_path)
    made(Path("store.db"))
    assert at_home(f"sqlite:///{tmp_path}/store.db")


def test_a_symbolic_link_is_the_file_it_leads_to(tmp_path: Path) -> None:
    """A link to the file, as releases are switched."""
    path = made(tmp_path / "real.db")
    (tmp_path / "current.db").symlink_to(path)
    assert at_home(f"sqlite:///{tmp_path}/current.db")


def test_a_linked_folder_is_the_folder_it_leads_to(tmp_path: Path) -> None:
    """SQLite resolves it, from either side."""
    made(tmp_path / "real" / "store.db")
    (tmp_path / "current").symlink_to(tmp_path / "real")
    assert at_home(f"sqlite:///{tmp_path}/current/store.db")
    made(tmp_path / "current" / "other.db")
    assert at_home(f"sqlite:///{tmp_path}/real/other.db")


def test_a_folder_that_was_moved_is_to_be_adopted(tmp_path: Path) -> None:
    """Nobody can tell it from a copy; `moved` keeps the store's id."""
    path = made(tmp_path / "here" / "store.db")
    path.parent.rename(tmp_path / "there")
    url = f"sqlite:///{tmp_path}/there/store.db"
    assert not at_home(url)
    with EventStore(url) as store:
        assert store.adopt(moved=True)
    assert at_home(url)


def test_a_long_path_is_compared_by_its_end(tmp_path: Path) -> None:
    """200 characters of it are stored."""
    deep = tmp_path / ("a" * 150)
    deep.mkdir()
    path = made(deep / ("b" * 150) / "store.db")
    assert at_home(f"sqlite:///{path}")
    path.rename(tmp_path / "store.db")
    assert not at_home(f"sqlite:///{tmp_path}/store.db")


def test_a_private_store_is_always_at_home() -> None:
    """Its file is where it was made."""
    with EventStore("sqlite://") as store:
        store.upgrade()
        refuse_clone(store.database)
        assert not store.adopt()


def test_a_file_that_changed_places_with_its_copy(token: Token, database: Database) -> None:
    """As documented: the copy that lies where the original was is taken for it."""
    path = path_of(database.url)
    copy = path.with_suffix(".bak")
    copy.write_bytes(path.read_bytes())
    path.unlink()
    copy.rename(path)
    with EventStore(database.url) as store:
        assert 3 == handled(store)
