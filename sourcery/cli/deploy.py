"""`check-deploy`: whether the next release can work on the data that it will find."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from sourcery.cli.commands import Group, json_option
from sourcery.cli.escaping import duration
from sourcery.cli.opening import opened_to_decode
from sourcery.cli.output import Table, as_json, say, show
from sourcery.cli.settings import Settings
from sourcery.cli.workers import workers_of
from sourcery.errors import ConsumerMismatch, SourceryError
from sourcery.read_models import ReadModel
from sourcery.subscriber import Subscriber
from sourcery.upkeep import KindCheck, check_kinds

#: Nothing is wrong, but a read model must be built first.
BUILD: Final = 3
_FITS: Final = "ok"
_MEANT: Final = "no class reads it, as is meant"
_UNREAD: Final = (
    "no class reads it: its events would be passed over, also by aggregates. Mend the kind in "
    "@event, or say --unread {kind}"
)

Row = dict[str, Any]


@click.argument("workers", metavar="[MODULE:WORKERS]...", nargs=-1)
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Events of each kind and version that are read.",
)
@click.option(
    "--measure",
    type=click.FloatRange(0.0),
    metavar="SECONDS",
    help="Build each read model that needs it aside for so long, to say how long it "
    "will take. Makes tables, and drops them.",
)
@click.option("--unread", multiple=True, metavar="KIND", help="No class is meant to read it.")
@json_option
@click.pass_obj
def check_deploy(
    asked: Settings,
    *,
    workers: tuple[str, ...],
    sample: int,
    measure: float | None,
    unread: tuple[str, ...],
    wants_json: bool,
) -> None:
    """Try this release's code on the stored events, subscribers and read models.

    Run it with the new code on the database of the old one. Only reads, but for --measure.

    Exit status: 0 it can go; 1 an event cannot be read, no class reads a kind, or a consumer is
    stored otherwise than it says; 3 read models must be built first.
    """
    with opened_to_decode(asked) as store:
        kinds = [_kind_row(one, unread) for one in check_kinds(store, sample=sample)]
        given = workers_of(workers)
        consumers = [_consumer_row(one) for one in given if isinstance(one, Subscriber)]
        models = [_model_row(one, measure) for one in given if isinstance(one, ReadModel)]
    code = _code(kinds, consumers, models)
    if wants_json:
        answer: Row = {"status": code, "kinds": kinds}
        as_json(answer | {"consumers": consumers, "read_models": models})
    else:
        _show(kinds, "there are no events")
        for rows in (consumers, models):
            if rows:
                say("")
                _show(rows, "")
    sys.exit(code)


def _show(rows: list[Row], empty: str) -> None:
    names = [name.replace("_", " ") for name in rows[0]] if rows else []
    show(Table(names, [tuple(row.values()) for row in rows], empty))


def _kind_row(one: KindCheck, unread: Sequence[str]) -> Row:
    stored = one.stored
    is_meant = one.declared or stored.kind in unread
    without = _MEANT if is_meant else _UNREAD.format(kind=stored.kind)
    result = str(one.error) if one.error else _FITS if one.declared else without
    return {
        "kind": stored.kind,
        "version": stored.schema_version,
        "events": stored.events,
        "sampled": one.sampled,
        "is_readable": one.error is None and is_meant,
        "result": result,
    }


def _consumer_row(one: Subscriber) -> Row:
    try:
        one.check()
    except ConsumerMismatch as error:
        return {"consumer": one.name, "fits": False, "result": str(error)}
    return {"consumer": one.name, "fits": True, "result": _FITS}


def _model_row(one: ReadModel, measure: float | None) -> Row:
    found = one.standing()
    seconds = _measured(one, measure) if measure is not None and found.needs_build else None
    result = found.problem or (_FITS if found.is_begun else "must be built")
    return {
        "read_model": found.name,
        "version": found.version,
        "serving": found.serving,
        "needs_build": found.needs_build,
        "position": found.position,
        "settled": found.settled,
        "build_takes": duration(seconds) if seconds is not None else None,
        "result": result,
    }


def _measured(one: ReadModel, seconds: float) -> float | None:
    try:
        return one.rehearse(seconds).seconds_in_all
    except SourceryError as error:
        say(f"read model {one.name}: {error}")
        raise


def _code(kinds: Iterable[Row], consumers: Iterable[Row], models: Iterable[Row]) -> int:
    if not all(row["is_readable"] for row in kinds) or not all(row["fits"] for row in consumers):
        return 1
    return BUILD if any(row["needs_build"] for row in models) else 0


def add_to(root: Group) -> None:
    """Add the command."""
    root.command("check-deploy")(check_deploy)
