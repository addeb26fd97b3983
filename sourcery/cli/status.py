"""`status`: how consumers and outbox are, for people and for health probes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from typing import Any, Final

import click
from attrs import asdict, frozen
from rich.console import Group as Lines
from rich.live import Live
from rich.text import Text

from sourcery.cli.commands import Group, json_option
from sourcery.cli.escaping import duration
from sourcery.cli.opening import opened
from sourcery.cli.output import Table, as_json, console, rich_table, say, show
from sourcery.cli.settings import Settings
from sourcery.consumers import LetterStatus
from sourcery.control import ConsumerHealth, OutboxDepth, ShardState, consumer_health, outbox_depth
from sourcery.store import EventStore

#: Somebody should look, and something stands still.
ATTENTION: Final = 3
FAILED: Final = 4
#: Seconds of a transaction that holds back the settled position, from which it is shown.
_LONG: Final = 5.0
_STANDING: Final = (ShardState.FAULTED, ShardState.STALLED)
_RUNNING: Final = (ShardState.LIVE, ShardState.CATCHING_UP)


@frozen(kw_only=True)
class Status:
    """All that is known, at about one time."""

    consumers: list[ConsumerHealth]
    outbox: list[OutboxDepth]

    def code(self, max_lag: float | None, ignored: Collection[str]) -> int:
        """The exit status: the worst of all consumers and topics."""
        judged = [_judge(one, max_lag) for one in self.consumers if one.name not in ignored]
        return max([*judged, *[_judge_topic(one, max_lag) for one in self.outbox]], default=0)

    def to_dict(self, code: int) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "status": code,
            "consumers": [one.to_dict() for one in self.consumers],
            "outbox": [asdict(one) for one in self.outbox],
        }


def _judge(one: ConsumerHealth, max_lag: float | None) -> int:
    if one.state in _STANDING:
        return FAILED
    lags = max_lag is not None and one.seconds_behind > max_lag
    open_letters = any(count for status, count in one.letters.items() if status.closes_key)
    return ATTENTION if lags or open_letters or one.state not in _RUNNING else 0


def _judge_topic(one: OutboxDepth, max_lag: float | None) -> int:
    unread = one.relay is None and one.pending
    return ATTENTION if unread or (max_lag is not None and one.oldest > max_lag) else 0


def look(store: EventStore) -> Status:
    """Ask the database."""
    return Status(consumers=consumer_health(store), outbox=outbox_depth(store))


@json_option
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option(
    "--max-lag",
    type=click.FloatRange(0.0),
    metavar="SECONDS",
    help="A consumer or topic that is further behind needs attention.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CONSUMER",
    help="Not counted in the exit status, as a job that runs at night.",
)
@click.pass_obj
def status(
    asked: Settings,
    *,
    wants_json: bool,
    watch: bool,
    interval: float,
    max_lag: float | None,
    ignore: tuple[str, ...],
) -> None:
    """Show all consumers with their shards, and what waits in the outbox. Only reads.

    Lag is counted in the first 10,000 events that follow; "+" means that there may be more.

    Exit status: 0 all run; 3 attention: something is stopped, paused, retrying or too far
    behind, has open dead letters, or no relay reads a topic; 4 a shard is faulted or stalled.
    """
    with opened(asked) as store:
        if watch:
            _watch(store, interval, wants_json=wants_json)
            return
        seen = look(store)
    code = seen.code(max_lag, ignore)
    if wants_json:
        as_json(seen.to_dict(code))
    else:
        for table in tables(seen):
            show(table)
            say("")
    sys.exit(code)


def _watch(store: EventStore, interval: float, *, wants_json: bool) -> None:
    screen = console()
    try:
        if wants_json or not screen.is_terminal:
            _repeat(lambda: as_json(look(store).to_dict(0), indent=None), interval)
        with Live(console=screen, screen=True, auto_refresh=False) as live:
            _repeat(lambda: live.update(_drawn(look(store)), refresh=True), interval)
    except KeyboardInterrupt:
        return


def _repeat(work: Callable[[], object], interval: float) -> None:
    while True:
        work()
        sys.stdout.flush()
        time.sleep(interval)


def _drawn(seen: Status) -> Lines:
    return Lines(*[line for table in tables(seen) for line in (rich_table(table), Text(""))])


def tables(seen: Status) -> list[Table]:
    """Consumers by shard, and the outbox by topic and relay."""
    names = ("consumer", "shard", "state", "position", "behind", "lag", "rate", "owner", "letters")
    shards = [row for one in seen.consumers for row in _shard_rows(one)]
    found = [Table(names, shards, "no consumer has ever run here"), _outbox_table(seen.outbox)]
    found += _held_back(seen.consumers)
    errors = [row for one in seen.consumers for row in _error_rows(one)]
    if errors:
        found.append(Table(("consumer", "shard", "attempts", "next attempt", "error"), errors))
    return found


def _held_back(consumers: list[ConsumerHealth]) -> list[Table]:
    """Who keeps the settled position from growing, if it lasts."""
    floor = next((one.oldest_floor for one in consumers if one.oldest_floor), None)
    if floor is None or (floor.age is not None and floor.age < _LONG):
        return []
    names = ("held back at", "age", "backend", "application", "state", "prepared")
    who = (floor.backend, floor.application_name, floor.state, floor.prepared)
    return [Table(names, [(floor.position, duration(floor.age), *who)])]


def _shard_rows(one: ConsumerHealth) -> list[tuple[object, ...]]:
    letters = sum(count for status, count in one.letters.items() if status.closes_key)
    return [
        (
            one.name,
            shard.shard,
            shard.state,
            shard.position,
            counted(shard.events_behind, at_least=shard.at_least),
            duration(shard.seconds_behind),
            shard.rate,
            shard.owner,
            letters if shard.shard == 0 else None,
        )
        for shard in one.shards
    ]


def _error_rows(one: ConsumerHealth) -> list[tuple[object, ...]]:
    return [
        (one.name, shard.shard, shard.attempts, shard.next_attempt_at, shard.error)
        for shard in one.shards
        if shard.error is not None
    ]


def counted(count: int, *, at_least: bool) -> str:
    """A number that may be more."""
    return f"{count}+" if at_least else str(count)


def _outbox_table(depths: list[OutboxDepth]) -> Table:
    names = ("topic", "relay", "pending", "oldest", "blocked", "behind", "parked")
    shown = (LetterStatus.BLOCKED, LetterStatus.BEHIND, LetterStatus.PARKED)
    rows = [
        (
            one.topic,
            one.relay or "nobody reads it",
            counted(one.pending, at_least=one.at_least),
            duration(one.oldest),
            *[one.letters[status] for status in shown],
        )
        for one in depths
    ]
    return Table(names, rows, "the outbox is empty")


def add_to(root: Group) -> None:
    """Add the command."""
    root.command()(status)
