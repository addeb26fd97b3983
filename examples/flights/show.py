"""The board on the screen while it changes: in place on a terminal, else a line a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from examples.flights.importer import Progress
from examples.flights.report import table
from examples.flights.totals import ByCarrier

#: Seconds between two looks at the board: on a terminal, and for a line.
ON_TERMINAL, FOR_A_LINE = 0.2, 1.0


class Show:
    """How far the import is, and what the board shows of it meanwhile."""

    def __init__(self, console: Console, read: Callable[[], ByCarrier], flights: int) -> None:
        self._console = console
        self._read = read
        self._flights = flights
        columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn())
        self._bar = Bar(*columns, TextColumn("flights"), TimeElapsedColumn(), console=console)
        self._task = self._bar.add_task("importing", total=flights)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._every = ON_TERMINAL if console.is_terminal else FOR_A_LINE
        self._next = time.monotonic()

    def update(self, done: Progress) -> None:
        """Look at the board again, when it is time to."""
        if time.monotonic() < self._next:
            return
        board = self._read()
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done.flights)
            self._live.update(Group(self._bar, table(board)), refresh=True)
        else:
            shown = sum(airline.flights for airline in board.values())
            line = f"{done.flights} of {self._flights} flights imported, {shown} on the board"
            self._console.print(line, soft_wrap=True)
        self._next = time.monotonic() + self._every

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()
