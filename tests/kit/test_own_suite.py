"""A suite of somebody's that imports tests of the kit, with the conftest of the page."""

import subprocess
import sys
from pathlib import Path

import pytest

from sourcery.testing.conformance.results import read_run
from tests.docs.test_blocks import blocks

PAGE = Path(__file__).parents[2] / "docs/how-to/conformance.md"
KIT = "sourcery.testing.conformance"
STRICT = ["-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider"]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two modules of it."""
    conftest, versions = blocks(PAGE)[:2]
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_versions.py").write_text(versions)
    (tmp_path / "test_floors.py").write_text(f"from {KIT}.test_floors import *\n")
    return tmp_path


def test_a_suite_as_the_page_has_it_runs_without_a_warning(suite: Path) -> None:
    """What its database cannot do is skipped, and the report says so."""
    command = [sys.executable, "-m", "pytest", *STRICT, "--sourcery-report", "report.json"]
    done = subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    outcomes = {
        r.test.partition("::")[0]: r.outcome for r in read_run(suite / "report.json").results
    }
    modules = {name.rpartition(".")[2]: outcome for name, outcome in outcomes.items()}
    assert {"test_versions": "passed", "test_floors": "skipped"} == modules
