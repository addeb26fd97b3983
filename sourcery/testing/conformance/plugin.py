"""The kit's part in a run of pytest: how much load, and the report of what promises came to."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine

from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.results import Result, write_run

PRODUCTS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}

_VERSIONS = pytest.StashKey[dict[tuple[Any, ...], str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Take the options in."""
    config.stash[_VERSIONS] = {}
    _end_well_on_sigterm(config)
    if config.getoption("sourcery_profile", "short") == "long":
        os.environ["SOURCERY_PROFILE"] = "long"  # modules read it when they are collected
    if config.getoption("sourcery_report", None):
        config.pluginmanager.register(Reporter(config), "sourcery-reporter")


def _end_well_on_sigterm(config: pytest.Config) -> None:
    """As on Ctrl-C: fixtures take away what they made, and the report is written."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and not hasattr(config, "workerinput"):
        before = signal.signal(signal.SIGTERM, _interrupt)

        def restore() -> None:
            signal.signal(signal.SIGTERM, before)

        config.add_cleanup(restore)


def _interrupt(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it on the spot
    raise KeyboardInterrupt


class Reporter:
    """Writes the report of a run; under xdist in the process that the workers report to."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[tuple[str, str | None], Result] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """Note on which server a test runs."""
        given = yield
        if fixturedef.argname in {"database", "empty_database"}:
            database: Database = given
            request.node.user_properties.append(("database", self._version(database.url)))
        return given

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note what a test proves."""
        numbers = sorted({n for mark in item.iter_markers("promise") for n in mark.args})
        if numbers and isinstance(item, pytest.Function):
            test = f"{item.obj.__module__}::{item.originalname}"
            item.user_properties += [("promises", numbers), ("test", test)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of a test on a database."""
        noted: dict[str, Any] = dict(report.user_properties)
        if "promises" not in noted or (report.when != "call" and report.outcome == "passed"):
            return
        result = Result(
            test=noted["test"],
            promises=noted["promises"],
            database=noted.get("database"),
            outcome=report.outcome,
        )
        before = self._results.get((result.test, result.database))
        if before is None or _RANK[before.outcome] < _RANK[result.outcome]:
            self._results[result.test, result.database] = result

    def pytest_sessionfinish(self) -> None:
        """Write it."""
        if not hasattr(self._config, "workerinput"):
            path = Path(str(self._config.getoption("sourcery_report")))
            write_run(path, (self._results[key] for key in sorted(self._results, key=str)))

    def _version(self, url: URL) -> str:
        """Ask a server once for its version."""
        versions = self._config.stash[_VERSIONS]
        place = (url.get_backend_name(), url.host, url.port)
        if place not in versions:
            versions[place] = server_version(url)
        return versions[place]


#: Which outcome of two is told: a parameter that was skipped hides none that ran.
_RANK = {"skipped": 0, "passed": 1, "failed": 2}


def server_version(url: URL) -> str:
    """Product and version of the server that answers."""
    engine = create_engine(url)
    try:
        with engine.connect():
            dialect = engine.dialect
            name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
            numbers = getattr(dialect, "server_version_info", None) or ()
    finally:
        engine.dispose()
    version = ".".join(str(n) for n in numbers if isinstance(n, int))
    return f"{PRODUCTS.get(name, name)} {version}".strip()
