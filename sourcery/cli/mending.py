"""`repair` and `adopt`: after history was lost, and in a copy."""

from __future__ import annotations

import click

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import Group, yes_option
from sourcery.cli.opening import opened
from sourcery.cli.output import say
from sourcery.cli.settings import Settings
from sourcery.errors import StoreCloned, StoreRewound
from sourcery.upkeep import check_store, schema_state


@yes_option
@click.pass_obj
def repair(asked: Settings, *, yes: bool) -> None:
    """Go on above every stored position, after history was lost. Stop all writers first.

    Does nothing to a store that is whole.
    """
    with opened(asked) as store:
        try:
            check_store(store)
        except StoreCloned:
            pass
        except StoreRewound as error:
            what = f"repair: {error.problem}; new positions begin above all that were given out"
            confirmed(f"{what}, and tokens from before no longer resolve", yes=yes)
            store.repair()
            say("the store goes on above every stored position")
            return
    say("nothing is to be repaired")


@click.option("--moved", is_flag=True, help="The original is no more: keep the store's id.")
@yes_option
@click.pass_obj
def adopt(asked: Settings, *, moved: bool, yes: bool) -> None:
    """Let relays and effect handlers work in this copy. Do it while nothing else runs on it.

    Does nothing where the store was set up.
    """
    with opened(asked) as store:
        try:
            check_store(store)
        except StoreCloned as error:
            found = f"adopt: this is {error.found}, and the store was set up in {error.expected}"
            became = "it keeps its id" if moved else "it becomes a store of its own"
            confirmed(f"{found}; {became}, and sends what is in its outbox", yes=yes)
            store.adopt(moved=moved)
            say(f"store {schema_state(store).store_id} lives here now")
            return
    say("the store is where it was set up: nothing is to be adopted")


def add_to(root: Group) -> None:
    """Add these commands."""
    for function in (repair, adopt):
        root.command()(function)
