"""`consumers`: seeing and steering them, whichever process runs them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

import click

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import F, Group, json_option, yes_option
from sourcery.cli.failing import known_consumer
from sourcery.cli.opening import opened
from sourcery.cli.output import Table, as_json, say, show
from sourcery.cli.settings import Settings
from sourcery.cli.types import place
from sourcery.control import Consumer, consumer_health
from sourcery.start import Start


@contextmanager
def consumer_named(asked: Settings, name: str) -> Generator[Consumer]:
    """The handle of a consumer that is there."""
    with opened(asked) as store, known_consumer(store, name):
        yield Consumer(store, name)


def steering(default: float = 5.0) -> Callable[[F], F]:
    """The arguments of all that steers."""

    def add(function: F) -> F:
        seconds = click.option(
            "--timeout", type=click.FloatRange(0.0), default=default, show_default=True,
            help="Seconds to wait until it is obeyed.",
        )  # fmt: skip
        return click.argument("name", metavar="CONSUMER")(seconds(function))

    return add


@json_option
@click.pass_obj
def list_(asked: Settings, *, wants_json: bool) -> None:
    """List all consumers, relays included. Only reads."""
    with opened(asked) as store:
        found = consumer_health(store)
    if wants_json:
        as_json([one.to_dict() for one in found])
        return
    rows = [
        (one.name, one.log, len(one.shards), one.state, one.position, one.settled) for one in found
    ]
    names = ("consumer", "log", "shards", "state", "position", "settled")
    show(Table(names, rows, "no consumer has ever run here"))


@steering()
@click.pass_obj
def pause(asked: Settings, *, name: str, timeout: float) -> None:
    """Handle nothing more until it is resumed. It is over when the page in hand is finished."""
    with consumer_named(asked, name) as consumer:
        consumer.pause(timeout)
    say(f"{name} is paused")


@steering()
@click.pass_obj
def resume(asked: Settings, *, name: str, timeout: float) -> None:
    """Go on after a pause or a fault, with new attempts at the event that failed."""
    with consumer_named(asked, name) as consumer:
        consumer.resume(timeout)
    say(f"{name} goes on")


@steering()
@click.option("--to", type=place, metavar="PLACE", required=True, help="All after it comes again.")
@yes_option
@click.pass_obj
def rewind(asked: Settings, *, name: str, to: Start, timeout: float, yes: bool) -> None:
    """Handle again all events after a position, or recorded at or after a time.

    What the handler did with them stays done: undo that first. A read model is built anew by
    `rebuild` instead.
    """
    if not isinstance(to, int | datetime):
        raise click.UsageError("--to takes a position or a time")
    with consumer_named(asked, name) as consumer:
        seen = consumer.foresee(to)
        what = f"rewind {name} to position {seen.target}: {seen.again} events are handled again"
        confirmed(f"{what}, {seen.letters} dead letters after it are deleted", yes=yes)
        consumer.rewind(seen.target, timeout)
    say(f"{name} goes on from position {seen.target}")


@steering()
@click.option(
    "--to", type=place, metavar="PLACE", required=True, help="The last that is passed over."
)
@yes_option
@click.pass_obj
def skip(asked: Settings, *, name: str, to: Start, timeout: float, yes: bool) -> None:
    """Pass over all events up to a position, a time, or now: no handler will see them."""
    with consumer_named(asked, name) as consumer:
        seen = consumer.foresee(to)
        what = f"skip {name} to position {seen.target}: {seen.passed} events are never handled"
        confirmed(what, yes=yes)
        passed = consumer.skip(seen.target, timeout)
    say(f"{name} has passed over {passed} events")


@steering()
@click.pass_obj
def retry(asked: Settings, *, name: str, timeout: float) -> None:
    """Have all its dead letters handled again, key by key, in order; see also `dead retry`."""
    with consumer_named(asked, name) as consumer:
        keys = consumer.retry(timeout=timeout)
    say(f"{name} tries the letters of {keys} keys again")


@steering(30.0)
@click.argument("shards", type=click.IntRange(1, 1024))
@yes_option
@click.pass_obj
def reshard(asked: Settings, *, name: str, shards: int, timeout: float, yes: bool) -> None:
    """Divide a consumer into another number of shards.

    Then start the program that says the new number: workers of the old one end.
    """
    with consumer_named(asked, name) as consumer:
        before = len(consumer.health().shards)
        what = f"divide {name}, which has {before} shards, into {shards}"
        confirmed(f"{what}: workers that run with {before} end", yes=yes)
        consumer.reshard(shards, timeout)
    say(f"{name} has {shards} shards")


@click.argument("name", metavar="CONSUMER")
@yes_option
@click.pass_obj
def forget(asked: Settings, *, name: str, yes: bool) -> None:
    """Delete the checkpoint and dead letters of a consumer that nobody runs.

    A program that starts it afterwards begins anew. Also mends a consumer whose rows were
    changed by hand.
    """
    with consumer_named(asked, name) as consumer:
        confirmed(f"forget {name}: its checkpoints and all its dead letters are deleted", yes=yes)
        consumer.forget()
    say(f"{name} is forgotten")


def add_to(root: Group) -> None:
    """Add the group."""
    group = Group("consumers", help="See and steer consumers and relays, whoever runs them.")
    group.command("list")(list_)
    for function in (pause, resume, rewind, skip, retry, reshard, forget):
        group.command()(function)
    root.add_command(group)
