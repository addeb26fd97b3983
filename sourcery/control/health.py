"""How consumers are, as data: what the database knows of them, from any process."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

from attrs import asdict, frozen
from sqlalchemy import Connection

from sourcery.consumers import ConsumerRow, LetterStatus, all_rows, request_of
from sourcery.consumers.backlog import Backlog, backlog
from sourcery.consumers.filters import query_of
from sourcery.consumers.letters import count_letters
from sourcery.dialects.floors import OldestFloor
from sourcery.store import EventStore

#: Seconds without a turn of the loop after which a shard counts as stalled.
STALLED_AFTER: Final = 60.0


class ShardState(StrEnum):
    """What a shard is doing, the worst last."""

    LIVE = "live"
    CATCHING_UP = "catching_up"
    #: Nobody runs it.
    STOPPED = "stopped"
    PAUSED = "paused"
    #: An event failed and is tried again.
    RETRYING = "retrying"
    #: Its worker has the lease, but its loop does not turn.
    STALLED = "stalled"
    #: It stands still before an event that it cannot handle.
    FAULTED = "faulted"


@frozen(kw_only=True)
class ShardHealth:
    """One shard of a consumer."""

    shard: int
    state: ShardState
    #: All up to here is handled, passed over or given up.
    position: int
    #: Events or messages it has to handle, counted in the first 10,000 of any kind that follow.
    events_behind: int
    #: Whether there may be more than these.
    at_least: bool
    #: Age of the first event it has to handle; 0 when there is none. If none is among the first
    #: 10,000 of any kind, the age of the last of these, which is more.
    seconds_behind: float
    #: Events per second of late, while it runs.
    rate: float | None
    #: The worker that has it.
    owner: str | None
    #: The worker that waits for it.
    standby: str | None
    #: Attempts at the next event, the error of the last, and when the next one is due.
    attempts: int
    error: str | None
    next_attempt_at: datetime | None
    #: Seconds since the loop of its worker turned, give or take a third of a lease.
    tick_age: float | None
    #: What was asked of it and is not obeyed yet.
    request: str | None
    #: It stands still at this position, so that all shards come together.
    hold_at: int | None


@frozen(kw_only=True)
class ConsumerHealth:
    """One consumer."""

    name: str
    #: The log it reads.
    log: str
    #: Of the store: nothing above it is delivered to anybody yet.
    settled: int
    shards: tuple[ShardHealth, ...]
    #: Dead letters by status; all of them.
    letters: dict[LetterStatus, int]
    #: The transaction that holds back the settled position longest; PostgreSQL only.
    oldest_floor: OldestFloor | None

    @property
    def state(self) -> ShardState:
        """The worst state of its shards."""
        return max((shard.state for shard in self.shards), key=list(ShardState).index)

    @property
    def position(self) -> int:
        """The position of the shard that is furthest behind."""
        return min(shard.position for shard in self.shards)

    @property
    def seconds_behind(self) -> float:
        """Those of the shard that is furthest behind."""
        return max((shard.seconds_behind for shard in self.shards), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """What `json.dumps` takes; times in ISO format."""
        whole = {
            "state": self.state,
            "position": self.position,
            "seconds_behind": self.seconds_behind,
        }
        fields: dict[str, Any] = asdict(self, value_serializer=_plain)
        return whole | fields


def _plain(instance: object, attribute: object, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


def consumer_health(
    store: EventStore, *, stalled_after: float = STALLED_AFTER
) -> list[ConsumerHealth]:
    """How all consumers of a store are, by name."""
    with store.database.reading() as connection:
        rows = all_rows(connection, store.database.dialect)
    return health_of(store, rows, stalled_after)


def health_of(
    store: EventStore, rows: list[ConsumerRow], stalled_after: float
) -> list[ConsumerHealth]:
    """How the consumers of these rows are."""
    by_name: dict[str, list[ConsumerRow]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    settled = store.settled()
    with store.database.reading() as connection:
        floor = store.database.dialect.oldest_floor(connection)
        looking = _Looking(store, connection, settled, floor, stalled_after)
        return [looking.at(rows) for rows in by_name.values()]


@frozen
class _Looking:
    store: EventStore
    connection: Connection
    settled: int
    floor: OldestFloor | None
    stalled_after: float

    def at(self, rows: list[ConsumerRow]) -> ConsumerHealth:
        letters = count_letters(self.connection, rows[0].name)
        return ConsumerHealth(
            name=rows[0].name,
            log=rows[0].log,
            settled=self.settled,
            shards=tuple(_shard(row, self._before(row), self.stalled_after) for row in rows),
            letters={status: letters.get(status, 0) for status in LetterStatus},
            oldest_floor=self.floor,
        )

    def _before(self, row: ConsumerRow) -> Backlog:
        query = query_of(row, self.store.stored_kinds)
        return backlog(self.connection, query, row.position, self.settled)


def _shard(row: ConsumerRow, before: Backlog, stalled_after: float) -> ShardHealth:
    tick_age = _tick_age(row)
    stalled = tick_age is not None and tick_age > stalled_after
    return ShardHealth(
        shard=row.shard,
        state=_state(row, stalled=stalled),
        position=row.position,
        events_behind=before.events,
        at_least=not before.exact,
        seconds_behind=_age(row, before),
        rate=row.rate if row.is_owned else None,
        owner=row.owner if row.is_owned else None,
        standby=row.live_wanter,
        attempts=row.attempts,
        error=row.error,
        next_attempt_at=row.next_attempt_at,
        tick_age=tick_age,
        request=request.what if (request := request_of(row)) else None,
        hold_at=row.hold_at,
    )


def _state(row: ConsumerRow, *, stalled: bool) -> ShardState:
    if row.status.halted:
        return ShardState(row.status.value)
    if not row.is_owned:
        return ShardState.STOPPED
    if stalled:
        return ShardState.STALLED
    # a new owner has the attempts of the one before
    return ShardState.RETRYING if row.attempts else ShardState(row.status.value)


def _tick_age(row: ConsumerRow) -> float | None:
    """By the heartbeat, or by what the loop itself wrote since."""
    if not row.is_owned:
        return None
    ticked = max(row.ticked_at or row.updated_at, row.updated_at)
    return max(0.0, (row.now - ticked).total_seconds())


def _age(row: ConsumerRow, before: Backlog) -> float:
    return 0.0 if before.since is None else max(0.0, (row.now - before.since).total_seconds())
