"""`export` and `import`: the event log as JSON Lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import Group, json_option, yes_option
from sourcery.cli.opening import opened
from sourcery.cli.output import as_json, note, say
from sourcery.cli.settings import Settings
from sourcery.upkeep import export_events, import_export, schema_state

#: Events between two reports.
_BETWEEN = 100_000


@click.argument("file", metavar="FILE")
@click.option("--category", multiple=True, help="Only events of a category; repeatable.")
@click.option(
    "--after",
    type=click.IntRange(0),
    default=0,
    metavar="POSITION",
    help="Only events after it, as the export before has said.",
)
@click.option("--to", type=click.IntRange(0), metavar="POSITION", help="The last one.")
@click.pass_obj
def export(
    asked: Settings, *, file: str, category: tuple[str, ...], after: int, to: int | None
) -> None:
    """Write the settled events into a file, or with - to the output. Only reads the database.

    One line for each, as it is stored, and a checksum at the end. The file is there when it is
    whole. Outbox, checkpoints, snapshots and inbox are not in it: what a relay has not sent yet
    would be sent twice.
    """
    with opened(asked) as store, _writing(file) as out:
        done = export_events(
            store, out, categories=category, after=after, to=to, on_written=_report
        )
    note(f"{done.events} events up to position {done.to} are exported")


@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@yes_option
@json_option
@click.pass_obj
def import_(asked: Settings, *, file: Path, yes: bool, wants_json: bool) -> None:
    """Store the events of an export, with their ids, versions, times and payloads.

    They get positions of this store. The file is checked first, and all that is stored is compared
    with it at the end. Run again, it goes on where it broke off; events that are there are passed
    over.
    """
    with opened(asked) as store, file.open("rb") as exported:
        state = schema_state(store)
        confirmed(f"import {file} into {state.database}", yes=yes)
        done = import_export(store, exported, on_progress=lambda imported: _report(imported.read))
    if wants_json:
        as_json({"read": done.read, "written": done.written})
    else:
        present = done.read - done.written
        say(f"{done.written} events are imported, {present} were there; all are compared")


@contextmanager
def _writing(file: str) -> Generator[IO[bytes]]:
    """The output, or a file that has its name when it is whole."""
    if file == "-":
        yield sys.stdout.buffer
        return
    folder = Path(file).parent
    if not folder.is_dir():
        raise click.UsageError(f"there is no folder {folder} to write {file} into")
    part = Path(f"{file}.part")
    with part.open("wb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


def _report(count: int) -> None:
    if sys.stderr.isatty() and count % _BETWEEN == 0:
        note(f"{count} events")


def add_to(root: Group) -> None:
    """Add these commands."""
    root.command()(export)
    root.command("import")(import_)
