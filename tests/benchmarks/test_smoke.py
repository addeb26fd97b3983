"""Each scenario does what it says, on a store that is small: its own check tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks.__main__ import SCENARIOS
from benchmarks.bench import Bench, Scenario, opened

#: Those that start processes, or need a server.
SLOW = {"live", "writers", "growth"}
QUICK = [scenario for scenario in SCENARIOS if scenario.name not in SLOW]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A SQLite file."""
    path: Path = tmp_path_factory.mktemp("bench") / "bench.db"
    with opened(make_url(f"sqlite:///{path}"), "tiny", 1) as bench:
        yield bench


@pytest.mark.parametrize("scenario", QUICK, ids=lambda scenario: scenario.name)
def test_a_scenario_checks_what_it_did(bench: Bench, scenario: Scenario) -> None:
    """And reports a ratio of two things that took time."""
    for result in scenario.run(bench):
        assert result.ratio > 0
        assert result.ours.median > 0
        assert result.target is not None
