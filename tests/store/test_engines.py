"""Which databases and engines a store takes, and how a third party adds one."""

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects import dialect_for, register
from sourcery.dialects.base import Dialect
from sourcery.engine import normalise
from sourcery.errors import (
    ConfigurationError,
    DatabaseMisconfigured,
    InvalidArgument,
    UnknownDatabase,
)
from tests.domain import Opened


def test_an_unknown_database_is_refused_by_name() -> None:
    """The error names the database, those there are, and how to add one."""
    with pytest.raises(UnknownDatabase, match="entry-point group") as refused:
        EventStore("oracle://scott:tiger@host/name")
    assert "oracle" == refused.value.name
    assert "tiger" not in str(refused.value)


PLUGIN = """
from sourcery.dialects.base import Dialect

class FirebirdDialect(Dialect):
    pass
"""


def test_a_third_party_adds_a_dialect_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed distribution with the entry point is found by SQLAlchemy's name."""
    (tmp_path / "sourcery_firebird.py").write_text(PLUGIN)
    info = tmp_path / "sourcery_firebird-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sourcery-firebird\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[sourcery.dialects]\nfirebird = sourcery_firebird:FirebirdDialect\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "FirebirdDialect" == type(dialect_for("firebird")).__name__


def test_a_dialect_can_be_registered_for_this_process() -> None:
    """`register` serves tests and programs that do not want an entry point."""

    class Fake(Dialect):
        pass

    register("fakebase", Fake)
    assert Fake is type(dialect_for("fakebase"))


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("mysql://u@h/d", "mysql+pymysql"),
        ("mariadb://u@h/d", "mariadb+pymysql"),
        ("sqlite:///f.db", "sqlite"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg2"),
    ],
)
def test_a_url_without_a_driver_gets_the_tested_one(given: str, driver: str) -> None:
    """A driver that the caller names is kept."""
    assert driver == normalise(given).drivername


def test_text_that_is_no_url_is_refused() -> None:
    """The error shows what a URL looks like and not the text, which may hold a password."""
    with pytest.raises(InvalidArgument, match="sqlite:///") as refused:
        EventStore("host=db password=tiger")
    assert "tiger" not in str(refused.value)


def test_another_postgresql_driver_is_refused() -> None:
    """Floors are tested with psycopg 3; the error says which URL to write."""
    engine = create_engine("postgresql+psycopg://u@h/d")
    engine.dialect.driver = "psycopg2"
    with pytest.raises(ConfigurationError, match=r"postgresql\+psycopg://"):
        EventStore(engine)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_an_in_memory_engine_is_refused(url: str) -> None:
    """Each thread would see another database; the error names the private temporary one."""
    engine = create_engine(url, poolclass=StaticPool)
    with pytest.raises(DatabaseMisconfigured, match="EventStore"):
        EventStore(engine)
    engine.dispose()


def test_a_sessionmaker_must_be_bound_to_an_engine() -> None:
    """A sessionmaker that leads nowhere is refused when the store is made."""
    with pytest.raises(InvalidArgument, match="bound to an Engine"):
        EventStore(sessionmaker())


def test_the_private_database_works_across_threads_and_goes_away() -> None:
    """`EventStore("sqlite://")` is one file for all threads, removed with the store."""
    store = EventStore("sqlite://", events=Opened)
    store.upgrade()

    def write(number: int) -> None:
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", number), [Opened("Ada")], expected=0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(20)))
    assert 20 == len(list(store.read()))
    file = Path(store.engine.url.database or "")
    assert file.exists()
    store.close()
    assert not file.parent.exists()


def test_a_forgotten_private_database_goes_away_too() -> None:
    """A test that never closes its store leaves no file behind."""
    store = EventStore("sqlite://", events=Opened)
    store.upgrade()
    file = Path(store.engine.url.database or "")
    del store
    gc.collect()
    assert not file.parent.exists()
