"""How fast it is, beside a driver that does the same SQL work: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from sqlalchemy import URL

from benchmarks import (
    appending,
    consuming,
    growing,
    importing,
    live,
    replaying,
    report,
    writers,
)
from benchmarks.bench import Bench, Scenario, Size, opened
from benchmarks.race import Result
from benchmarks.servers import database_named
from sourcery import MsgspecCodec
from sourcery.engine import normalise

SCENARIOS: Final[Sequence[Scenario]] = (
    *appending.SCENARIOS,
    *importing.SCENARIOS,
    *replaying.SCENARIOS,
    *consuming.SCENARIOS,
    *live.SCENARIOS,
    *growing.SCENARIOS,
    *writers.SCENARIOS,
)


def main() -> int:
    arguments = _arguments()
    size: Size = "quick" if arguments.quick else "full" if arguments.full else "normal"
    codec = MsgspecCodec() if arguments.msgspec else None
    with (
        _database(arguments.database) as url,
        opened(url, size, arguments.repeat, codec) as bench,
    ):
        print(report.head(bench), flush=True)
        results = list(measured(bench, arguments.scenario))
        if arguments.json:
            report.write(arguments.json, bench, results)
    return int(arguments.strict and any(result.is_met is False for result in results))


def measured(bench: Bench, names: Sequence[str]) -> Iterator[Result]:
    """The results of the chosen scenarios, each printed when it is there."""
    for scenario in SCENARIOS:
        chosen = not names or scenario.name in names
        if chosen and (not scenario.families or bench.family in scenario.families):
            for result in scenario.run(bench):
                print(report.line(result), flush=True)
                yield result


@contextmanager
def _database(given: str) -> Iterator[URL]:
    if "://" in given:
        yield normalise(given)
    else:
        with database_named(given) as url:
            yield url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    database = "URL of an empty database, or a name of [db] in setup.cfg, started for the run"
    names = sorted({scenario.name for scenario in SCENARIOS})
    add("--database", required=True, help=database)
    add("--scenario", action="append", default=[], choices=names, metavar="NAME", help=f"{names}")
    add("--repeat", type=int, default=5, help="times that each scenario is run; at least 5 count")
    add("--json", type=Path, metavar="FILE", help="write the results there, with the machine")
    add("--quick", action="store_true", help="small sizes: whether it works, not how fast")
    add("--full", action="store_true", help="a million events, ten million rows")
    add("--msgspec", action="store_true", help="read with MsgspecCodec, in this process")
    add("--strict", action="store_true", help="fail when a target is missed")
    return cast("argparse.Namespace", parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
