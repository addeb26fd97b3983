"""Make the page of promises of one or more reports: `python -m sourcery.testing.conformance`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sourcery.testing.conformance.page import render
from sourcery.testing.conformance.results import read_run


def main() -> None:
    """Read the reports, in the order of their runs, and print the page."""
    parser = argparse.ArgumentParser(
        prog="python -m sourcery.testing.conformance",
        description="Print a page of promises and results, in Markdown.",
    )
    parser.add_argument("report", nargs="+", type=Path, help="a file of --sourcery-report")
    given = parser.parse_args()
    sys.stdout.write(render(read_run(path) for path in given.report))


if __name__ == "__main__":
    main()
