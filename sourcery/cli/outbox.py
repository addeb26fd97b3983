"""`outbox`: what became of messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import click
from attrs import asdict

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import Group, json_option, yes_option
from sourcery.cli.failing import Failed
from sourcery.cli.opening import opened
from sourcery.cli.output import Table, as_json, note, say, show
from sourcery.cli.settings import Settings
from sourcery.cli.types import span
from sourcery.control import Consumer, MessageState, OutboxMessage, outbox_message, outbox_messages
from sourcery.retention import KEPT, Purged, purge_outbox
from sourcery.store import EventStore

_STATES = [state.value for state in MessageState]
_FAILED = (MessageState.PARKED, MessageState.BLOCKED)


@click.option("--status", type=click.Choice(_STATES), help="Only these, by any relay.")
@click.option("--topic", help="Only messages of a topic.")
@click.option(
    "--after",
    type=click.IntRange(0),
    default=0,
    metavar="POSITION",
    help="Go on after the last one of the list before.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many."
)
@json_option
@click.pass_obj
def list_(
    asked: Settings,
    *,
    status: str | None,
    topic: str | None,
    after: int,
    limit: int,
    wants_json: bool,
) -> None:
    """List messages in order of position, with what became of them. Only reads."""
    with opened(asked) as store:
        found = outbox_messages(store, status=status, topic=topic, after=after, limit=limit)
    if wants_json:
        as_json([_as_dict(message) for message in found])
        return
    rows = [
        (m.position, m.state, m.topic, m.key, m.message_id, m.created_at, m.error) for m in found
    ]
    names = ("position", "state", "topic", "key", "message id", "created at", "error")
    show(Table(names, rows, "there are no such messages"))


def _as_dict(message: OutboxMessage) -> Mapping[str, object]:
    return asdict(message) | {"state": message.state, "relays": dict(message.relays)}


@click.argument("message_id")
@click.option(
    "--timeout",
    type=click.FloatRange(0.0),
    default=5.0,
    show_default=True,
    help="Seconds to wait until it is obeyed.",
)
@click.pass_obj
def retry(asked: Settings, *, message_id: str, timeout: float) -> None:
    """Have a message tried again at once that failed or was given up, and those behind it."""
    with opened(asked) as store:
        message = outbox_message(store, message_id)
        if message is None:
            raise Failed(f"there is no message {message_id!a}", "sourcery outbox list")
        relays = [name for name, state in message.relays.items() if state in _FAILED]
        if not relays:
            hint = "retry the first of its key" if message.state is MessageState.BEHIND else None
            raise Failed(f"message {message_id} is {message.state.value}", hint)
        for name in relays:
            Consumer(store, name).retry(message.position, timeout=timeout)
            say(f"{name} tries it again")


@click.option(
    "--older-than", type=span, default=KEPT, metavar="SPAN", help="As 12h or 7d; by default 7d."
)
@yes_option
@json_option
@click.pass_obj
def purge(asked: Settings, *, older_than: timedelta, yes: bool, wants_json: bool) -> None:
    """Delete messages that every relay of their topic has sent and that are old enough.

    What waits, what failed, and later messages of a key with a dead letter stay.
    """
    with opened(asked) as store:
        seen = purge_outbox(store, older_than=older_than, dry_run=True)
        for topic in seen.unread:
            note(f"topic {topic}: no relay has ever read it, so nothing of it is deleted")
        if seen.deleted:
            confirmed(f"delete {_counts(seen)} messages older than {older_than}", yes=yes)
        done = _purged(store, older_than) if seen.deleted else seen
    if wants_json:
        as_json({"deleted": dict(done.deleted), "unread": done.unread})
    else:
        say(f"deleted: {_counts(done) or 'none, there are none so old'}")


def _purged(store: EventStore, older_than: timedelta) -> Purged:
    return purge_outbox(store, older_than=older_than)


def _counts(purged: Purged) -> str:
    return ", ".join(f"{topic}: {count}" for topic, count in purged.deleted.items())


def add_to(root: Group) -> None:
    """Add the group."""
    group = Group("outbox", help="Look at messages, have them tried again, delete sent ones.")
    group.command("list")(list_)
    for function in (retry, purge):
        group.command()(function)
    root.add_command(group)
