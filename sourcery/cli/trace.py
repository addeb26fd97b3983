"""`trace`: the tree of what caused what."""

from __future__ import annotations

from collections.abc import Iterator

import click
from attrs import asdict

from sourcery.cli.commands import Group, json_option
from sourcery.cli.escaping import said
from sourcery.cli.failing import Failed
from sourcery.cli.opening import opened
from sourcery.cli.output import as_json, note, say
from sourcery.cli.settings import Settings
from sourcery.upkeep import Log, Traced, trace

_LIMIT = 10_000


@click.argument("correlation_id", metavar="CORRELATION")
@json_option
@click.pass_obj
def trace_(asked: Settings, *, correlation_id: str, wants_json: bool) -> None:
    """Show the events and messages of a correlation id, below what caused them. Only reads.

    No index is on it: both logs are looked through.
    """
    with opened(asked) as store:
        found = trace(store, correlation_id, limit=_LIMIT)
    if not found:
        raise Failed(f"nothing is of correlation {correlation_id!a}")
    if wants_json:
        as_json([asdict(one) for one in found])
    else:
        for depth, one in tree(found):
            say("  " * depth + _line(one))
    if len(found) == _LIMIT:
        note(f"only the first {_LIMIT} are shown")


def tree(found: list[Traced]) -> Iterator[tuple[int, Traced]]:
    """Each below its cause, with its depth; what has no cause among them is a root.

    Ids come from outside: what causes itself, in whatever circle, is a root as well.
    """
    known = {one.id for one in found}
    caused: dict[str, list[Traced]] = {}
    for one in found:
        if one.causation_id is not None:
            caused.setdefault(one.causation_id, []).append(one)
    left = {one.position: one for one in found}
    roots = [one for one in found if one.causation_id not in known]
    for start in [*roots, *found]:
        waiting = [(0, start)]
        while waiting:
            depth, one = waiting.pop()
            if left.pop(one.position, None) is not None:
                yield depth, one
                waiting += [(depth + 1, child) for child in reversed(caused.get(one.id, []))]


def _line(one: Traced) -> str:
    what = "message " if one.log is Log.OUTBOX else ""
    by = f" by {one.actor}" if one.actor else ""
    return f"{one.position} {said(one.at)} {what}{one.name} {one.place or ''}{by}"


def add_to(root: Group) -> None:
    """Add the command."""
    root.command("trace")(trace_)
