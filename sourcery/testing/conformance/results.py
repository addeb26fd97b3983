"""What a run found out: one line for each test of a promise on each database, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen


@frozen(kw_only=True)
class Result:
    """One test on one database, all its parameters together or one of them."""

    #: Module and function, as `sourcery.testing.conformance.test_versions::test_...`.
    test: str
    promises: tuple[int, ...] = field(converter=tuple)
    #: Product and version of the server; None for a test that uses none.
    database: str | None
    #: `passed`, `failed` or `skipped`.
    outcome: str


@frozen(kw_only=True)
class Run:
    """All results of one run."""

    #: The day, in UTC.
    day: str
    #: Version of the library.
    library: str
    results: tuple[Result, ...]


def write_run(path: Path, results: Iterable[Result]) -> None:
    """Write the file that `read_run` reads."""
    run = Run(
        day=datetime.now(UTC).date().isoformat(),
        library=version("sourcery-events"),
        results=tuple(results),
    )
    path.write_text(json.dumps(asdict(run), indent=1) + "\n")


def read_run(path: Path) -> Run:
    """Read what a run wrote."""
    told: dict[str, Any] = json.loads(path.read_text())
    rows: list[dict[str, Any]] = told["results"]
    results = tuple(Result(**row) for row in rows)
    return Run(day=told["day"], library=told["library"], results=results)
