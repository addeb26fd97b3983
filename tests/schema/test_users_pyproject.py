"""A user's own Alembic project that is set up in pyproject.toml."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from sourcery.testing.conformance.migrations import TABLES, differences, tables
from sourcery.testing.conformance.test_users_project import Project
from tests.databases import Database


@pytest.mark.promise(44)
@pytest.mark.databases("sqlite")
def test_a_users_pyproject_lists_our_revisions(
    tmp_path: Path, empty_database: Database, engine: Engine
) -> None:
    """In TOML the locations are a list, without a separator to choose."""
    project = Project(tmp_path, empty_database)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.alembic]\n"
        'script_location = "%(here)s/migrations"\n'
        'version_locations = ["%(here)s/migrations/versions", "sourcery.migrations:versions"]\n'
    )

    project.alembic("upgrade", "heads")

    assert TABLES | {"alembic_version"} == tables(engine)
    assert [] == differences(engine)
