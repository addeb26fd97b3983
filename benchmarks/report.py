"""Results as a table, and as JSON with the machine and the versions."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from attrs import asdict

from benchmarks.bench import Bench
from benchmarks.race import Result

_PACKAGES: Final = (
    "sourcery-events",
    "SQLAlchemy",
    "psycopg",
    "PyMySQL",
    "cattrs",
    "attrs",
    "orjson",
    "msgspec",
)
_HEAD: Final = (
    "| scenario | against | ratio | lowest to highest | ratio of CPU | target | median ms | p99 ms "
    "| reference median ms | events/s |\n|---|---|---|---|---|---|---|---|---|---|"
)


def line(result: Result) -> str:
    """One line of the table."""
    met = {True: "met", False: "MISSED", None: ""}[result.is_met]
    cells = (
        result.scenario,
        result.reference,
        f"{result.ratio:.2f}",
        f"{result.lowest:.2f} to {result.highest:.2f}",
        "" if result.cpu is None else f"{result.cpu:.2f}",
        f"{result.target or ''} {met}",
        f"{result.ours.median:.3f}",
        f"{result.ours.p99:.3f}",
        f"{result.theirs.median:.3f}",
        "" if result.rate is None else f"{result.rate:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


def head(bench: Bench) -> str:
    """What was measured where, and the head of the table."""
    facts = machine(bench)
    where = f"{facts['database']}, Python {facts['python']}, {facts['cores']} cores"
    return f"\n{where}, load {facts['load']}\n\n{_HEAD}"


def machine(bench: Bench) -> dict[str, Any]:
    """Where it ran."""
    return {
        "database": f"{bench.family} {_server(bench)}",
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "size": bench.size,
        "repeats": bench.repeats,
    }


def write(path: Path, bench: Bench, results: Sequence[Result]) -> None:
    """All of it, for the plot and for later."""
    lines = [asdict(result) | {"met": result.is_met} for result in results]
    text = json.dumps({"machine": machine(bench), "results": lines}, indent=2)
    path.write_text(text + "\n")


def _server(bench: Bench) -> str:
    info = bench.store.engine.dialect.server_version_info or ()
    return ".".join(str(part) for part in info)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((text.partition(":")[2].strip() for text in lines if "model name" in text), "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
