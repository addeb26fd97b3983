"""An upgrade killed at a statement, from each revision: run again, it completes.

`SOURCERY_KILLS=1 pytest tests/schema/test_killed_upgrade.py` kills at each statement.
"""

import os
from typing import Final

import pytest
from sqlalchemy import Engine

from sourcery.append_only import is_append_only, protect
from sourcery.schema import REVISION
from sourcery.testing.conformance.migrations import check, downgrade, upgrade_to
from sourcery.upgrade import exclusively, upgrade
from tests.databases import Database
from tests.schema.first_release import contents, write
from tests.schema.killing import killed_at
from tests.schema.previous_release import Release

pytestmark = [pytest.mark.promise(44), pytest.mark.promise(49)]

#: From one statement that is killed at to the next; MariaDB commits each by itself.
STRIDE: Final = {"mariadb": 6, "postgresql": 12, "sqlite": 12}
THOROUGH: Final = "SOURCERY_KILLS" in os.environ


def is_protected(engine: Engine) -> bool:
    """Whether events are append-only."""
    with engine.connect() as connection:
        return is_append_only(connection)


def fill(engine: Engine, revision: int) -> None:
    """Tables of that revision, append-only, with what its release wrote."""
    if revision:
        upgrade_to(engine, f"sourcery_{revision:04d}")
        write(engine, 1)
        exclusively(engine, protect)


def take_back(engine: Engine, revision: int) -> None:
    """As it was before the upgrade."""
    downgrade(engine, f"sourcery_{revision:04d}" if revision else "base")


@pytest.mark.parametrize("revision", range(REVISION))
def test_rule_41_a_killed_upgrade_is_run_again(
    present: Release, engine: Engine, empty_database: Database, revision: int
) -> None:
    """Nothing is lost, all is there that is declared, and append-only events stay so."""
    fill(engine, revision)
    before = contents(engine) if revision else None
    stride = 1 if THOROUGH else STRIDE[empty_database.family]
    deaths, number = 0, 2 + revision  # not at the same statements from each
    while killed_at(present, number, empty_database.url):
        deaths, number = deaths + 1, number + stride
        upgrade(engine)
        check(engine)
        assert before is None or before == contents(engine)
        assert is_protected(engine) == bool(revision)
        take_back(engine, revision)
    check(engine)
    assert deaths > 1
