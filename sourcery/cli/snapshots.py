"""`snapshots`: those in the database, which are always safe to delete."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any, TypedDict

import click

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import F, Group, json_option, yes_option
from sourcery.cli.failing import Failed
from sourcery.cli.loading import load
from sourcery.cli.opening import opened, opened_to_decode
from sourcery.cli.output import Table, as_json, say, show
from sourcery.cli.settings import Settings
from sourcery.cli.types import span
from sourcery.snapshots.inventory import StoredSnapshot
from sourcery.upkeep import SnapshotCheck, delete_snapshots, stored_snapshots, verify_snapshots

_KINDS = ("aggregate:", "projection:")


class _Choice(TypedDict):
    of: Any
    id: str | None
    tag: str | None
    older_than: timedelta | None


def choosing(function: F) -> F:
    """The options that choose."""
    for option in (
        click.option(
            "--older-than", type=span, metavar="SPAN", help="Stored longer ago, as 12h or 7d."
        ),
        click.option("--tag", help="Of this version and fingerprint of the class."),
        click.option("--id", "id", help="Of this stream or instance."),
        click.option(
            "--of", metavar="OWNER", help="aggregate:CATEGORY, projection:NAME, or module:Class."
        ),
    ):
        function = option(function)
    return function


def _owner(of: str | None) -> Any:
    """An owner as it is stored, or the class that is named."""
    if of is None or of.startswith(_KINDS):
        return of
    if ":" not in of:
        problem = f"{of!a} is none of aggregate:CATEGORY, projection:NAME and module:Class"
        raise click.UsageError(problem)
    return load(of)


@choosing
@click.option(
    "--limit", type=click.IntRange(1), default=1000, show_default=True, help="At most so many."
)
@json_option
@click.pass_obj
def list_(
    asked: Settings,
    *,
    of: str | None,
    id: str | None,
    tag: str | None,
    older_than: timedelta | None,
    limit: int,
    wants_json: bool,
) -> None:
    """List snapshots by owner and tag; their states are not read. Only reads."""
    choice = _Choice(of=_owner(of), id=id, tag=tag, older_than=older_than)
    with opened(asked) as store:
        found = list(islice(stored_snapshots(store, **choice), limit))
    if wants_json:
        as_json([_as_dict(one) for one in found])
        return
    names = ("owner", "id", "tag", "version", "codec", "bytes", "created at")
    show(Table(names, [tuple(_as_dict(one).values()) for one in found], "there are no snapshots"))


def _as_dict(one: StoredSnapshot) -> dict[str, object]:
    return {
        "owner": one.key.owner_kind,
        "id": one.key.owner_id,
        "tag": one.key.schema_tag,
        "version": one.version,
        "codec": one.codec,
        "size": one.size,
        "created_at": one.created_at,
    }


@choosing
@click.option("--outdated", is_flag=True, help="Of another shape than the class --of has now.")
@yes_option
@click.pass_obj
def delete(
    asked: Settings,
    *,
    of: str | None,
    id: str | None,
    tag: str | None,
    older_than: timedelta | None,
    outdated: bool,
    yes: bool,
) -> None:
    """Delete the snapshots that are chosen; all of them without a choice.

    Always safe: what has none is replayed, and gets another when one is due.
    """
    choice = _Choice(of=_owner(of), id=id, tag=tag, older_than=older_than)
    with opened(asked) as store:
        count = sum(1 for _ in stored_snapshots(store, outdated=outdated, **choice))
        if count:
            confirmed(f"delete {count} snapshots", yes=yes)
        deleted = delete_snapshots(store, outdated=outdated, **choice) if count else 0
    say(f"{deleted} snapshots are deleted")


@click.argument("owner", metavar="MODULE:CLASS")
@click.option(
    "--sample",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the snapshots that are looked at.",
)
@json_option
@click.pass_obj
def verify(asked: Settings, *, owner: str, sample: float, wants_json: bool) -> None:
    """Compare the snapshots of a class with a replay of all their events. Only reads.

    Exit status 1 when one is wrong, of no use, or cannot be compared.
    """
    with opened_to_decode(asked) as store:
        found = verify_snapshots(store, load(owner), sample=sample)
    answer = _answer(found)
    if wants_json:
        as_json({"checked": found.checked, "problems": answer})
    else:
        rows = [tuple(one.values()) for one in answer]
        names = ("problem", "owner", "id", "tag", "version", "codec", "bytes", "created at")
        show(Table(names, rows, f"{found.checked} snapshots are as they should be"))
    if answer:
        raise Failed(f"{len(answer)} snapshots are not as they should be: delete them")


def _answer(found: SnapshotCheck) -> list[dict[str, object]]:
    problems = [("wrong", one) for one in found.wrong]
    problems += [("unusable", one) for one in found.unusable]
    problems += [(error, one) for one, error in found.failed]
    return [{"problem": problem} | _as_dict(one) for problem, one in problems]


def add_to(root: Group) -> None:
    """Add the group."""
    group = Group("snapshots", help="List, delete and verify snapshots.")
    group.command("list")(list_)
    for function in (delete, verify):
        group.command()(function)
    root.add_command(group)
