"""`tail`: the end of the log, and what comes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any, TypedDict

import click

from sourcery.cli.commands import Group, json_option
from sourcery.cli.events import as_dict, line
from sourcery.cli.opening import opened
from sourcery.cli.output import as_json
from sourcery.cli.settings import Settings
from sourcery.cli.streams import stream_named
from sourcery.recorded import Recorded
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep import follow_stored, stored_events


class _Choice(TypedDict):
    stream: Stream | None
    kinds: tuple[str, ...]
    categories: tuple[str, ...]
    correlation_id: str | None


@json_option
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Events of the end to begin with.",
)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="POSITION",
    help="Begin after a position instead, with as many as there are.",
)
@click.option("--stream", metavar="CATEGORY/ID", help="Only events of a stream.")
@click.option("--category", multiple=True, help="Only events of a category; repeatable.")
@click.option("--kind", multiple=True, help="Only events of a stored kind; repeatable.")
@click.option("--correlation", metavar="ID", help="Only events of a correlation id.")
@click.pass_obj
def tail(  # noqa: PLR0913 - each is one option
    asked: Settings,
    *,
    wants_json: bool,
    follow: bool,
    lines: int,
    after: int | None,
    stream: str | None,
    category: tuple[str, ...],
    kind: tuple[str, ...],
    correlation: str | None,
) -> None:
    """Show the last events of the log, as they are stored. Only reads.

    Only what is settled is shown, in order of position, so that nothing is missed. With --json
    each event is a line.
    """
    choice = _Choice(
        stream=None if stream is None else stream_named(stream),
        kinds=kind,
        categories=category,
        correlation_id=correlation,
    )
    with opened(asked) as store:
        seam = store.settled()
        _print(_first(store, choice, seam, lines, after), wants_json=wants_json)
        if follow:
            # a position beyond the log is refused, and said so, by what follows
            begin = seam if after is None else max(seam, after)
            with follow_stored(store, after=begin, **choice) as coming:
                _print(coming, wants_json=wants_json)


def _first(
    store: EventStore, choice: _Choice, seam: int, lines: int, after: int | None
) -> Iterable[Recorded[Any]]:
    """What is there before what comes: up to the seam, where nothing is missed."""
    if choice["stream"] is not None:
        return _of_stream(store, choice, seam, lines, after)
    if after is not None:
        return stored_events(store, after=after, to=max(seam, after), **choice)
    return list(stored_events(store, to=seam, backward=True, limit=lines, **choice))[::-1]


def _of_stream(
    store: EventStore, choice: _Choice, seam: int, lines: int, after: int | None
) -> Iterable[Recorded[Any]]:
    """A stream is read to its end: what is not settled yet comes after the seam."""
    if after is not None:
        events = stored_events(store, **choice)
        return (event for event in events if after < event.position <= seam)
    newest = stored_events(store, backward=True, **choice)
    settled = (event for event in newest if event.position <= seam)
    return list(islice(settled, lines))[::-1]


def _print(events: Iterable[Recorded[Any]], *, wants_json: bool) -> None:
    try:
        for recorded in events:
            if wants_json:
                as_json(as_dict(recorded), indent=None)
            else:
                click.echo(line(recorded))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


def add_to(root: Group) -> None:
    """Add the command."""
    root.command()(tail)
