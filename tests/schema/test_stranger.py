"""A database that SQLAlchemy knows by a dialect of somebody else's, under a name of its own."""

from pathlib import Path

import pytest
from alembic.ddl import impl
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from sourcery import EventStore, Stream, dialects
from sourcery.dialects.sqlite import SQLiteDialect
from sourcery.errors import DatabaseMisconfigured
from tests.domain import Opened, append

NAME = "stranger"


class Stranger(SQLiteDialect_pysqlite):
    """A database of nobody's."""

    name = NAME
    supports_statement_cache = True


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of one, which SQLAlchemy and we know."""
    monkeypatch.setitem(registry.impls, NAME, lambda: Stranger)
    monkeypatch.setitem(dialects._loaders, NAME, lambda: SQLiteDialect)
    monkeypatch.setattr(impl, "_impls", dict(impl._impls))
    return f"{NAME}:///{tmp_path}/store.db"


def test_alembic_has_to_know_the_database_as_well(url: str) -> None:
    """A typed error that says what is missing; with it, the store works."""
    with EventStore(url) as store:
        with pytest.raises(DatabaseMisconfigured, match="Alembic knows no database 'stranger'"):
            store.upgrade()
        type("StrangerImpl", (impl.DefaultImpl,), {"__dialect__": NAME})
        store.upgrade()
        append(store, Stream("account", "ada"), [Opened("Ada")])
        assert [Opened("Ada")] == [r.event for r in store.read(events=Opened)]
