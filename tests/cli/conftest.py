"""What the tests of the command line ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.cli.support import Shell
from tests.databases import Database
from tests.domain import open_bank


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """No setting of the machine, and no file of the checkout, is seen."""
    for name in ("SOURCERY_DATABASE_URL", "SOURCERY_APP", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(str(tmp_path))


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain."""
    with open_bank(database) as store:
        yield store


@pytest.fixture
def shell(database: Database) -> Shell:
    """Runs commands on the test's database."""
    return Shell(database.url.render_as_string(hide_password=False))
