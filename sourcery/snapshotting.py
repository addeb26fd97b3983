"""The snapshots of one unit of work: what it loaded, and what it offers when it is committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from attrs import define, field
from sqlalchemy import Connection

from sourcery.aggregate import is_whole, recorded_by, stream_of
from sourcery.database import Database
from sourcery.dialects import Batch, Dialect
from sourcery.errors import InvalidArgument, UnitOfWorkError
from sourcery.loading import Loaded
from sourcery.log import Query, page
from sourcery.offering import Candidate, Offer, offer, prepare
from sourcery.policy import Facts
from sourcery.recorded import as_uuid
from sourcery.snapshots import Keeper, Key, Snapshot
from sourcery.stream import Stream

_EVENT_ID = 4


def refuse_without_policy(cls: type[Any]) -> InvalidArgument:
    """The error of one who asks for a snapshot that no load would look for."""
    problem = f"{cls.__qualname__} keeps no snapshots: declare it with snapshot=never(), or another"
    return InvalidArgument("snapshot", f"{problem} policy")


@define(eq=False)
class UnitSnapshots:
    """Aggregates of one unit of work, with what they were made from."""

    database: Database
    keeper: Keeper
    loaded: dict[Stream, Loaded[Any]] = field(factory=dict[Stream, Loaded[Any]])
    _asked: set[Stream] = field(factory=set[Stream])
    _candidates: list[Candidate] = field(factory=list[Candidate])
    #: Those of projections, by owner: all is settled that they hold.
    _settled: dict[Key, Offer] = field(factory=dict[Key, Offer])

    def keep(self, offers: Iterable[Offer]) -> None:
        """Offer these of projections as well; the last of each is the newest.

        Not before the commit: where one transaction writes at a time, it would wait for itself.
        """
        for one in offers:
            kept = one.snapshot or one.useless
            if kept is not None:
                self._settled[kept.key] = one

    def ask(self, aggregate: Any) -> None:
        """Take a snapshot of it when the unit is committed, whatever the policy says."""
        stream = stream_of(aggregate)
        known = self.loaded.get(stream)
        if known is None or known.aggregate is not aggregate:
            raise UnitOfWorkError(f"{stream} was not loaded in this unit of work")
        if known.slot is None:
            raise refuse_without_policy(aggregate.__class__)
        self._asked.add(stream)

    def gather(self, batch: Batch) -> None:
        """Remember what may be offered, before the aggregates forget what they recorded."""
        written = {s.stream: s.rows[-1].event_id for s in batch.streams if s.rows}
        self._candidates = list(self._found(written))

    def _found(self, written: dict[Stream, UUID]) -> Iterator[Candidate]:
        for stream, loaded in self.loaded.items():
            slot, last = loaded.slot, written.get(stream, loaded.last_event_id)
            if slot is None or last is None or not is_whole(loaded.aggregate):
                continue
            aggregate, version = loaded.aggregate, loaded.aggregate.version
            since = version - loaded.snapshot_version
            classes = frozenset(event.__class__ for event, _ in recorded_by(aggregate))
            yield Candidate(
                slot=slot,
                id=stream.id,
                state=aggregate,
                version=version,
                last_event_id=as_uuid(last),
                facts=Facts(since=since, seconds=loaded.seconds, classes=classes),
                asked=stream in self._asked,
                useless=loaded.useless,
            )

    def offer(self, *, repeatable: bool) -> None:
        """After the commit of a unit of its own. Never raises.

        A `repeatable` one may have written nothing, whatever its aggregates recorded.
        """
        offers = prepare(self.keeper, self._candidates)
        if repeatable:
            self._offer_visible(offers)
        else:
            offer(self.database, self.keeper, [*offers, *self._settled.values()])

    def offer_later(self, connection: Connection) -> None:
        """When the owner of the connection's transaction commits, if it does.

        The states are serialised now, since the aggregates may be used on.
        """
        offers = prepare(self.keeper, self._candidates)
        if offers or self._settled:
            self.database.committing(connection, partial(self._offer_visible, offers))

    def _offer_visible(self, offers: list[Offer]) -> None:
        """The commit may have failed, or the unit may have been undone with a savepoint."""
        offer(self.database, self.keeper, offers, partial(_is_visible, self.database.dialect))
        offer(self.database, self.keeper, self._settled.values())


def _is_visible(dialect: Dialect, connection: Connection, snapshot: Snapshot) -> bool:
    """Whether the last event of an aggregate's snapshot is stored."""
    category = snapshot.key.owner_kind.partition(":")[2]
    query = Query(stream=Stream(category, snapshot.key.owner_id))
    last = snapshot.version
    rows = page(connection, dialect, query, above=last - 1, upto=last, limit=1)
    return bool(rows) and as_uuid(rows[0][_EVENT_ID]) == snapshot.last_event_id
