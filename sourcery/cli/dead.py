"""`dead`: events and messages that were given up, and those that wait behind them."""

from __future__ import annotations

from typing import Any

import click
from attrs import asdict

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import Group, json_option, yes_option
from sourcery.cli.consumers import consumer_named, steering
from sourcery.cli.events import as_dict, print_one
from sourcery.cli.failing import Failed, known_consumer
from sourcery.cli.opening import opened
from sourcery.cli.output import Table, as_json, facts, say, show
from sourcery.cli.settings import Settings
from sourcery.consumers import Letter, LetterStatus
from sourcery.control import Consumer, consumer_names, outbox_message
from sourcery.recorded import Recorded
from sourcery.upkeep import stored_events

_STATUSES = [status.value for status in LetterStatus]


@click.argument("name", metavar="[CONSUMER]", required=False)
@click.option("--status", type=click.Choice(_STATUSES), multiple=True, help="Only these.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="At most so many of each consumer.",
)
@json_option
@click.pass_obj
def list_(
    asked: Settings, *, name: str | None, status: tuple[str, ...], limit: int, wants_json: bool
) -> None:
    """List dead letters of one consumer, or of all, in order of position. Only reads.

    Parked ones are given up, blocked ones are tried again, those behind wait for an earlier one
    of their key. Dead ones were dropped, skipped ones passed over by the error policy.
    """
    found: list[Letter] = []
    with opened(asked) as store:
        for one in consumer_names(store) if name is None else [name]:
            with known_consumer(store, one):
                letters = Consumer(store, one).letters()
            found += [x for x in letters if not status or x.status.value in status][:limit]
    if wants_json:
        as_json([asdict(letter) for letter in found])
        return
    rows = [
        (x.consumer, x.position, x.status, x.key, x.attempts, x.last_at, x.error) for x in found
    ]
    names = ("consumer", "position", "status", "key", "attempts", "last attempt", "error")
    show(Table(names, rows, "there are no dead letters"))


@click.argument("name", metavar="CONSUMER")
@click.argument("position", type=click.IntRange(1))
@json_option
@click.pass_obj
def show_(asked: Settings, *, name: str, position: int, wants_json: bool) -> None:
    """Show one dead letter with its error, and its event or message. Only reads."""
    with consumer_named(asked, name) as consumer:
        letter = _letter(consumer, position)
        subject = _subject(consumer, letter)
    if wants_json:
        shown = as_dict(subject) if isinstance(subject, Recorded) else subject
        as_json({"letter": asdict(letter), "subject": shown})
        return
    facts(asdict(letter))
    say("")
    if isinstance(subject, Recorded):
        print_one(subject, wants_json=False)
    else:
        facts(subject or {"message": "is not in the outbox any more"})


def _letter(consumer: Consumer, position: int) -> Letter:
    for letter in consumer.letters():
        if letter.position == position:
            return letter
    raise Failed(f"{consumer.name} has no dead letter at position {position}", "sourcery dead list")


def _subject(consumer: Consumer, letter: Letter) -> Recorded[Any] | dict[str, Any] | None:
    """The event, or the facts of the message; its payload is not ours to read."""
    place, store = letter.position, consumer.store
    event = next(stored_events(store, after=place - 1, to=place, unsettled=True), None)
    if event is not None and event.event_id == letter.source_id:
        return event
    message = outbox_message(store, letter.source_id)
    return None if message is None else asdict(message) | {"relays": dict(message.relays)}


@steering()
@click.option("--position", type=click.IntRange(1), help="The first letter of a key.")
@click.option("--key", help="category/id or topic/key, as `dead list` shows it.")
@click.option("--all", "everything", is_flag=True, help="Those of all keys.")
@click.pass_obj
def retry(
    asked: Settings,
    *,
    name: str,
    position: int | None,
    key: str | None,
    everything: bool,
    timeout: float,
) -> None:
    """Have dead letters handled again: the first of a key, then the next, until one fails."""
    if sum([position is not None, key is not None, everything]) != 1:
        raise click.UsageError("say one of --position, --key and --all")
    with consumer_named(asked, name) as consumer:
        keys = consumer.retry(position, key, timeout)
    say(f"{name} tries the letters of {keys} keys again")


@steering()
@click.argument("position", type=click.IntRange(1))
@click.option("--reason", required=True, help="Is kept with the letter.")
@yes_option
@click.pass_obj
def drop(
    asked: Settings, *, name: str, position: int, reason: str, timeout: float, yes: bool
) -> None:
    """Give a letter up for good. It is kept with the reason, and the next of its key is tried."""
    with consumer_named(asked, name) as consumer:
        letter = _letter(consumer, position)
        what = f"drop the letter of {name} at position {position}, of key {letter.key}"
        confirmed(f"{what}: it is never handled or sent", yes=yes)
        consumer.drop(position, reason, timeout)
    say(f"the letter at position {position} is dropped")


def add_to(root: Group) -> None:
    """Add the group."""
    group = Group("dead", help="Look at dead letters, retry or drop them.")
    group.command("list")(list_)
    group.command("show")(show_)
    for function in (retry, drop):
        group.command()(function)
    root.add_command(group)
