"""`stream show` and `event show`: events by their place or id, as they are stored."""

from __future__ import annotations

from typing import Any

import click

from sourcery.cli.commands import Group, json_option
from sourcery.cli.events import as_dict, print_one, table
from sourcery.cli.failing import Failed
from sourcery.cli.opening import opened
from sourcery.cli.output import as_json, show
from sourcery.cli.settings import Settings
from sourcery.recorded import Recorded
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep import find_stored, stored_events


def stream_named(text: str) -> Stream:
    """A stream by `category/id`, as it is shown; a slash of a category is written %2F."""
    category, slash, id = text.partition("/")
    if not slash:
        raise click.UsageError(f"{text!a} is no stream: write CATEGORY/ID")
    return Stream(category.replace("%2F", "/").replace("%25", "%"), id)


@click.group()
def stream() -> None:
    """Look at one stream."""


@click.argument("name", metavar="CATEGORY/ID")
@click.option(
    "--from-version",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="First version, inclusive.",
)
@click.option("--to-version", type=click.IntRange(0), help="Last version, inclusive.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="At most so many events.",
)
@json_option
@click.pass_obj
def show_stream(
    asked: Settings,
    *,
    name: str,
    from_version: int,
    to_version: int | None,
    limit: int,
    wants_json: bool,
) -> None:
    """Show the events of a stream, in order of version, as they are stored. Only reads."""
    wanted = stream_named(name)
    with opened(asked) as store:
        found = list(
            stored_events(
                store, wanted, from_version=from_version, to_version=to_version, limit=limit
            )
        )
        if not found and not next(stored_events(store, wanted, limit=1), None):
            raise Failed(f"there is no {wanted}", "sourcery tail shows the streams of late")
    if wants_json:
        as_json([as_dict(recorded) for recorded in found])
    else:
        show(table(found))


@click.group()
def event() -> None:
    """Look at one event."""


@click.argument("which", metavar="POSITION|EVENT_ID")
@json_option
@click.pass_obj
def show_event(asked: Settings, *, which: str, wants_json: bool) -> None:
    """Show one event, by its position or its id, as it is stored. Only reads.

    No index is on the ids: by id it looks through the log.
    """
    with opened(asked) as store:
        found = _event(store, which)
    if found is None:
        raise Failed(f"there is no event {which!a}")
    print_one(found, wants_json=wants_json)


def _event(store: EventStore, which: str) -> Recorded[Any] | None:
    if which.isdecimal() and len(which) <= 18:  # noqa: PLR2004 - digits of the greatest position
        position = int(which)
        at = stored_events(store, after=max(0, position - 1), to=position, unsettled=True)
        return next(at, None)
    return find_stored(store, which)


def add_to(root: Group) -> None:
    """Add these commands."""
    stream_group, event_group = Group("stream", help=stream.help), Group("event", help=event.help)
    stream_group.command("show")(show_stream)
    event_group.command("show")(show_event)
    root.add_command(stream_group)
    root.add_command(event_group)
