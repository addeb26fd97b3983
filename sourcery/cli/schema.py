"""`upgrade`, `current` and `check`: the tables, and whether this code may use them."""

from __future__ import annotations

from contextlib import suppress

import click
from attrs import asdict

from sourcery.cli.commands import Group, json_option
from sourcery.cli.opening import opened
from sourcery.cli.output import as_json, facts, say
from sourcery.cli.settings import Settings
from sourcery.errors import DatabaseMisconfigured, SchemaMissing
from sourcery.upkeep import check_store, schema_state


@click.pass_obj
def upgrade(asked: Settings) -> None:
    """Create our tables, or bring them to the newest revision.

    Several processes may run it at once: one upgrades, the others wait. Does nothing when the
    tables are new enough.
    """
    with opened(asked, create=True) as store:
        before = None
        with suppress(SchemaMissing, DatabaseMisconfigured):  # mending that is what it is for
            before = schema_state(store).revision
        store.upgrade()
        after = schema_state(store)
    if before == after.revision:
        say(f"{after.database} is at revision {before} already")
    else:
        say(f"{after.database} is at revision {after.revision} now; it had {before or 'no tables'}")


@json_option
@click.pass_obj
def current(asked: Settings, *, wants_json: bool) -> None:
    """Show the revision of the tables, and who the store is."""
    with opened(asked) as store:
        state = schema_state(store)
    if wants_json:
        as_json(asdict(state) | {"is_usable": state.is_usable})
        return
    facts(
        {
            "database": state.database,
            "revision": f"{state.revision}, this code needs {state.needed}",
            "usable": state.is_usable,
            "store": state.store_id,
            "generation": state.generation,
            "environment": state.environment,
        }
    )


@click.pass_obj
def check(asked: Settings) -> None:
    """Check whether this code may work here: revision, ordering, settings, copies, standbys.

    Exit status 1 and the reason when not. Only reads.
    """
    with opened(asked) as store:
        check_store(store)
        say(f"{store.engine.url.render_as_string()} is fit to be used")


def add_to(root: Group) -> None:
    """Add these commands."""
    for function in (upgrade, current, check):
        root.command()(function)
