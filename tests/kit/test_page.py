"""The page of promises, from reports of runs."""

from pathlib import Path

from sourcery.testing.conformance.page import KIT, render
from sourcery.testing.conformance.results import Result, Run, read_run, write_run


def result(database: str | None, outcome: str, *, test: str = "test_a::test_b") -> Result:
    """One outcome of a test of promises 1 and 2."""
    return Result(test=KIT + test, promises=(1, 2), database=database, outcome=outcome)


def run(*results: Result) -> Run:
    """One run."""
    return Run(day="2026-11-28", library="0.1.0", results=results)


def row(page: str, number: int) -> str:
    """The line of a promise in the table."""
    [line] = [line for line in page.splitlines() if line.startswith(f"| {number}. ")]
    return line.partition(" | ")[2]


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All of it."""
    results = (result("SQLite 3", "passed"), result(None, "skipped"))
    write_run(tmp_path / "report.json", results)
    assert results == read_run(tmp_path / "report.json").results


def test_a_test_counts_for_each_of_its_promises() -> None:
    """On each database."""
    page = render([run(result("A", "passed"), result("B", "failed"))])
    assert "✓ 1 | **✗** 1 of 1 |  |" == row(page, 1) == row(page, 2)
    assert "- `test_a::test_b` A ✓, B **✗**" in page


def test_a_later_run_replaces_an_earlier_one() -> None:
    """Of the same test on the same database, and of no other."""
    first = run(result("A", "failed"), result("B", "passed"))
    page = render([first, run(result("A", "passed"))])
    assert "✓ 1 | ✓ 1 |  |" == row(page, 1)
    assert "- `test_a::test_b` ✓" in page


def test_a_skipped_test_proves_nothing() -> None:
    """It is listed, and not counted."""
    page = render([run(result("A", "skipped"), result("A", "passed", test="test_a::test_c"))])
    assert "✓ 1 |  |" == row(page, 1)
    assert "- `test_a::test_b` -" in page
