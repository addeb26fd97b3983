"""An image of results: `python -m benchmarks.plot --to FILE.svg RESULTS.json ...`.

One bar for each scenario and file: how fast we are beside the reference, and the target as a line.
Needs matplotlib (extra `bench`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from attrs import frozen

_COLOURS: Final = ("#3b6ea8", "#c9822b", "#6a9a58")


@frozen
class Bar:
    """One scenario on one database."""

    name: str
    ratio: float
    lowest: float
    highest: float
    target: float


@frozen
class Run:
    """One file."""

    name: str
    bars: dict[str, Bar]


def read(path: Path) -> Run:
    """Those results whose ratio says how many times as fast we are as the reference."""
    found: dict[str, Any] = json.loads(path.read_text())
    bars = [
        Bar(r["scenario"], r["ratio"], r["lowest"], r["highest"], r["target"]["bound"])
        for r in found["results"]
        if r["target"] and r["target"]["kind"] == "at least"
    ]
    return Run(found["machine"]["database"], {bar.name: bar for bar in bars})


def draw(runs: Sequence[Run], to: Path) -> None:
    """Bars from left to right, scenarios from top to bottom."""
    matplotlib = import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    names = list(dict.fromkeys(name for run in runs for name in run.bars))
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.6 * len(names)))
    height = 0.8 / len(runs)
    for number, run in enumerate(runs):
        for place, name in enumerate(names):
            if (bar := run.bars.get(name)) is not None:
                _bar(axes, bar, place + number * height, height, _COLOURS[number])
        axes.barh(0, 0, color=_COLOURS[number], label=run.name)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_xlabel("speed beside the driver alone (1 is equal); the black line is the target")
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(to, metadata={"Date": None})


def _bar(axes: Any, bar: Bar, at: float, height: float, colour: str) -> None:
    spread = [[bar.ratio - bar.lowest], [bar.highest - bar.ratio]]
    axes.barh(at, bar.ratio, height, color=colour, xerr=spread, ecolor="#888888")
    axes.plot([bar.target] * 2, [at - height / 2, at + height / 2], color="black")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="files of --json")
    parser.add_argument("--to", type=Path, required=True, help="the image; .svg or .png")
    arguments = parser.parse_args()
    draw([read(path) for path in arguments.results], arguments.to)


if __name__ == "__main__":
    main()
