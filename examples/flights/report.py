"""What the screen shows: a bar while importing, the airlines at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from examples.flights.importer import Progress
from examples.flights.source import carrier_names
from examples.flights.totals import ByCarrier, Totals

TITLE = "Flights out of New York"
HEADS = ("flights", "cancelled", "diverted", "arrived", ">1h", "mean")
CAPTION = ">1h: arrivals more than an hour late; mean: minutes after the plan, of arrivals"


def show_import(console: Console, progress: Iterable[Progress], flights: int) -> Progress:
    """Run the import behind a bar; gives what it did in all."""
    done = Progress()
    with _bar(console) as bar:
        task = bar.add_task("importing", total=flights)
        for done in progress:
            bar.update(task, completed=done.flights)
    return done


def _bar(console: Console) -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Bar(*columns, TextColumn("flights"), TimeElapsedColumn(), console=console)


def table(totals: ByCarrier) -> Table:
    """A line per airline, the largest first, and the sum."""
    names = carrier_names()
    whole = Totals()
    made = Table(
        title=TITLE, caption=CAPTION, box=box.SIMPLE, show_edge=False, collapse_padding=True
    )
    made.add_column("airline", no_wrap=True)
    for head in HEADS:
        made.add_column(head, justify="right")
    for carrier, airline in sorted(totals.items(), key=lambda item: -item[1].flights):
        made.add_row(names.get(carrier, carrier), *_cells(airline))
        whole = add(whole, airline)
    made.add_section()
    made.add_row("all", *_cells(whole))
    return made


def add(one: Totals, other: Totals) -> Totals:
    """The sum of two airlines."""
    names = Totals.__annotations__
    return Totals(**{name: getattr(one, name) + getattr(other, name) for name in names})


def _cells(airline: Totals) -> Iterator[str]:
    for count in (airline.flights, airline.cancelled, airline.diverted, airline.arrived):
        yield str(count)
    yield str(airline.hour_late)
    yield f"{airline.arrival_minutes / airline.arrived:.1f}" if airline.arrived else "-"
