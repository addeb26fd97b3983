"""What the tests of the schema ask for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import pytest

from sourcery.testing.conformance.fixtures import engine
from sourcery.testing.conformance.migrations import INI, Alembic
from tests.databases import Database
from tests.schema.previous_release import ROOT, NoHistory, Release, unpack

__all__ = ["alembic", "engine"]


@pytest.fixture
def alembic(empty_database: Database, tmp_path: Path) -> Alembic:
    """The command line with our installed migrations, on the empty database."""
    (tmp_path / "alembic.ini").write_text(INI)
    return Alembic(tmp_path, empty_database.url)


#: Gives the last release whose code is of a revision.
Releases = Callable[[int], Release]


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """Earlier releases by their revision; a test is skipped where their code is not to be had."""
    with ExitStack() as opened:

        @cache
        def of(revision: int) -> Release:
            try:
                release = unpack(tmp_path_factory.mktemp("release"), revision)
            except NoHistory as missing:
                pytest.skip(str(missing))
            return opened.enter_context(closing(release))

        yield of


@pytest.fixture(scope="session")
def present() -> Iterator[Release]:
    """The code of this checkout."""
    with closing(Release(ROOT)) as release:
        yield release
