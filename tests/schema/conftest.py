"""What the tests of the schema ask for."""

from pathlib import Path

import pytest

from sourcery.testing.conformance.fixtures import engine
from sourcery.testing.conformance.migrations import INI, Alembic
from tests.databases import Database

__all__ = ["alembic", "engine"]


@pytest.fixture
def alembic(empty_database: Database, tmp_path: Path) -> Alembic:
    """The command line with our installed migrations, on the empty database."""
    (tmp_path / "alembic.ini").write_text(INI)
    return Alembic(tmp_path, empty_database.url)
