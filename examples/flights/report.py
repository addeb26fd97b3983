"""The table of the airlines, as the screen shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.table import Table

from examples.flights.source import carrier_names
from examples.flights.totals import ByCarrier, Totals

TITLE = "Flights out of New York"
HEADS = ("flights", "cancelled", "diverted", "arrived", ">1h", "mean")
CAPTION = ">1h: arrivals more than an hour late; mean: minutes after the plan, of arrivals"


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
