"""The databases of `pytest --pyargs sourcery.testing.conformance --sourcery-url URL`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from attrs import frozen
from sqlalchemy import URL

from sourcery.testing.conformance.databases import Database, capabilities_of
from sourcery.testing.conformance.fixtures import *  # noqa: F403 - what all modules ask for
from sourcery.testing.conformance.scratch import NotUsable, Scratch, open_scratch


@frozen
class OnServer:
    """One database of one test."""

    url: URL


@pytest.fixture(scope="session")
def scratch(pytestconfig: pytest.Config) -> Iterator[Scratch]:
    """The databases of this run; gone at its end, also after Ctrl-C."""
    given = pytestconfig.getoption("sourcery_url", None)
    if not given:
        pytest.exit("which database? --sourcery-url URL", pytest.ExitCode.USAGE_ERROR)
    try:
        scratch = open_scratch(given, alone="PYTEST_XDIST_WORKER" not in os.environ)
    except NotUsable as error:
        pytest.exit(f"--sourcery-url: {error}", pytest.ExitCode.USAGE_ERROR)
    yield scratch
    scratch.remove()


# asked once, of the server
@pytest.fixture(scope="session")  # type: ignore[no-redef]
def can(scratch: Scratch) -> frozenset[str]:
    """What the database can do."""
    return capabilities_of(scratch.empty())


@pytest.fixture
def database(scratch: Scratch) -> Database:
    """A database with our tables and nothing in them."""
    return OnServer(scratch.upgraded())


@pytest.fixture
def empty_database(scratch: Scratch) -> Database:
    """A database without any table."""
    return OnServer(scratch.empty())


@pytest.fixture
def other_database(scratch: Scratch, database: Database) -> Database:
    """Another one with our tables, on the same server."""
    url = scratch.other()
    if url is None:
        pytest.skip("the account may not create databases")
    return OnServer(url)
