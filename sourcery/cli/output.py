"""How answers look: tables by rich on a terminal, plain ones elsewhere, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

import click
from attrs import field, frozen
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from sourcery.cli.escaping import said, visible

#: Words that stand out.
_STYLES: Final[Mapping[str, str]] = {
    "live": "green",
    "sent": "green",
    "ok": "green",
    "catching_up": "cyan",
    "pending": "cyan",
    "paused": "yellow",
    "stopped": "yellow",
    "retrying": "yellow",
    "blocked": "yellow",
    "behind": "yellow",
    "parked": "red",
    "faulted": "bold red",
    "stalled": "bold red",
}


def _rows(rows: Iterable[Sequence[object]]) -> tuple[Sequence[object], ...]:
    return tuple(rows)


@frozen
class Table:
    """What is shown in rows; cells are values, not text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]] = field(converter=_rows)
    #: What is said when there are none.
    empty: str = "none"


def console() -> Console:
    """Where answers go. It obeys NO_COLOR, and knows no markup."""
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


def show(table: Table) -> None:
    """Print a table."""
    if not table.rows:
        say(table.empty)
        return
    screen = console()
    if screen.is_terminal:
        screen.print(rich_table(table))
        return
    for line in _plain(table):
        click.echo(line)


def rich_table(table: Table) -> RenderableType:
    """The table as rich draws it."""
    drawn = RichTable(box=None, pad_edge=False, header_style="bold")
    for name, cells in zip(table.columns, _columns(table), strict=True):
        drawn.add_column(name, justify="right" if _numeric(cells) else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*[_styled(cell) for cell in row])
    return drawn


def _columns(table: Table) -> list[list[object]]:
    return [[row[n] for row in table.rows] for n in range(len(table.columns))]


def _styled(cell: object) -> Text:
    text = said(cell)
    return Text(text, style=_STYLES.get(text, "") if isinstance(cell, Enum) else "")


def _numeric(cells: Iterable[object]) -> bool:
    return all(isinstance(cell, int | float | None) for cell in cells)


def _plain(table: Table) -> Iterable[str]:
    cells = [list(table.columns), *[[said(cell) for cell in row] for row in table.rows]]
    numeric = [_numeric(column) for column in _columns(table)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(table.columns))]
    for row in cells:
        padded = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        yield "  ".join(padded).rstrip()


def say(text: str) -> None:
    """Print a line of ours, in which names of strangers may stand."""
    click.echo(visible(text))


def note(text: str) -> None:
    """Print a line that is not part of the answer."""
    click.echo(visible(text), err=True)


def facts(pairs: Mapping[str, object]) -> None:
    """Print names and values below each other."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        click.echo(f"{name.ljust(width)}  {said(value)}")


def as_json(value: object, *, indent: int | None = 2) -> None:
    """Print one JSON document, in ASCII; with `indent=None` in one line."""
    click.echo(json.dumps(value, default=_jsonable, indent=indent))


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} has no JSON")
