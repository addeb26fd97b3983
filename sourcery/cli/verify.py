"""`verify`: streams, payloads and letters."""

from __future__ import annotations

import sys

import click
from attrs import asdict

from sourcery.cli.commands import Group, json_option
from sourcery.cli.failing import Failed
from sourcery.cli.opening import opened
from sourcery.cli.output import Table, as_json, note, say, show
from sourcery.cli.settings import Settings
from sourcery.upkeep import LogCheck, verify_log


@json_option
@click.pass_obj
def verify(asked: Settings, *, wants_json: bool) -> None:
    """Look for gaps in versions, events that cannot be read, lost positions, orphaned letters.

    With --app events are read as your classes; without, only as JSON. Only reads, but all of the
    log. Exit status 1 when something is wrong.
    """
    decode = asked.where().app is not None
    with opened(asked) as store:
        found = verify_log(store, decode=decode, on_checked=_report)
    if wants_json:
        as_json(_as_dict(found))
    else:
        rows = [(p.what, p.position, p.where, p.text) for p in found.problems]
        names = ("problem", "position", "where", "what is wrong")
        show(Table(names, rows, f"{found.events} events are as they should be"))
        for kind, events in sorted(found.undeclared.items()):
            say(f"kind {kind}: no class reads its {events} events")
    if not found.is_right:
        counts = ", ".join(f"{what.value}: {count}" for what, count in found.counts.items())
        raise Failed(f"something is wrong with {counts}")


def _as_dict(found: LogCheck) -> dict[str, object]:
    return {
        "events": found.events,
        "counts": {what.value: count for what, count in found.counts.items()},
        "undeclared": dict(found.undeclared),
        "problems": [asdict(problem) for problem in found.problems],
    }


def _report(found: LogCheck) -> None:
    if sys.stderr.isatty() and found.events % 100_000 == 0:
        note(f"{found.events} events")


def add_to(root: Group) -> None:
    """Add the command."""
    root.command()(verify)
