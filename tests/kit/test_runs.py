"""The command that a stranger types, in a process and a folder of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sourcery.testing.conformance.results import read_run
from tests.databases import Database
from tests.kit.test_scratch import databases
from tests.ordering.support import wait_until

KIT = "sourcery.testing.conformance"
DEADLINE = 120.0


def command(*arguments: str) -> list[str]:
    """Run pytest as in a checkout of nobody's."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", *arguments]


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and all that was printed."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_run_reports_what_each_promise_came_to(tmp_path: Path) -> None:
    """In any folder; the file of the URL is not even made."""
    report = tmp_path / "report.json"
    url = f"sqlite:///{tmp_path}/mine.db"
    modules = [f"{KIT}.test_encoding_failure", f"{KIT}.test_in_flight"]
    status, said = run(tmp_path, *modules, "--sourcery-url", url, "--sourcery-report", str(report))
    assert 0 == status, said
    assert [report] == list(tmp_path.iterdir())
    results = {r.test.rpartition("::")[2]: r for r in read_run(report).results}
    passed = results["test_the_third_event_is_named_and_nothing_written"]
    assert ((6,), "passed") == (passed.promises, passed.outcome)
    assert str(passed.database).startswith("SQLite 3.")
    assert "skipped" == results["test_no_token_passes_it"].outcome


def test_without_a_url_it_says_what_is_missing(tmp_path: Path) -> None:
    """A usage error, before any test."""
    status, said = run(tmp_path, KIT)
    assert (pytest.ExitCode.USAGE_ERROR, True) == (status, "--sourcery-url URL" in said)


def test_a_url_that_leads_nowhere_ends_the_run_at_once(tmp_path: Path) -> None:
    """In one sentence, not in an error of each test."""
    status, said = run(tmp_path, f"{KIT}.test_versions", "--sourcery-url", "nobodys://host/bank")
    assert (pytest.ExitCode.USAGE_ERROR, True) == (status, "no dialect for 'nobodys'" in said)


@pytest.mark.databases("postgresql")
def test_after_sigterm_the_report_stays_and_nothing_else(
    database: Database, tmp_path: Path
) -> None:
    """In the middle of a test, as after Ctrl-C, which it is taken for."""
    url, report = database.url.render_as_string(hide_password=False), tmp_path / "report.json"
    others, said = databases(database.url), tmp_path / "said"
    modules = [f"{KIT}.test_encoding_failure", f"{KIT}.test_stress"]
    options = ["-vv", "--sourcery-url", url, "--sourcery-report", str(report)]
    with said.open("w") as output:
        process = subprocess.Popen(command(*modules, *options), cwd=tmp_path, stdout=output)
        try:
            wait_until(lambda: "::test_nothing_is_lost" in said.read_text(), DEADLINE)
            process.send_signal(signal.SIGTERM)
            assert pytest.ExitCode.INTERRUPTED == process.wait(DEADLINE)
        finally:
            process.kill()
            process.wait()
    assert others == databases(database.url)
    assert {"passed"} == {result.outcome for result in read_run(report).results}


WITHOUT_PYTEST = """
import sys
sys.modules["pytest"] = None
import sourcery.testing, sourcery.testing.conformance
"""
WITHOUT_LIBRARY = """
import sys
import sourcery_pytest
assert "sourcery" not in sys.modules
"""


@pytest.mark.parametrize("program", [WITHOUT_PYTEST, WITHOUT_LIBRARY])
def test_neither_imports_what_its_users_may_not_want(program: str) -> None:
    """The testing kit needs no pytest, and a run of pytest without the kit not the library."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
