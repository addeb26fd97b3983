"""States on demand: an aggregate or a projection as it is, or as it was, from a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sourcery.aggregate import Aggregate, aggregate_type, end
from sourcery.codec import Decoder
from sourcery.database import Database
from sourcery.errors import InvalidArgument, StreamNotFound
from sourcery.folding import Fold, begin_fold, fold_to_end
from sourcery.loading import Loaded, Loading, Until
from sourcery.log import position_at
from sourcery.offering import Candidate, offer, prepare
from sourcery.policy import Facts
from sourcery.projection import Projection, is_projection, projection_type
from sourcery.recorded import StoredRow, as_uuid, moment_of
from sourcery.selection import check_moment, check_position
from sourcery.snapshots import Keeper
from sourcery.snapshotting import refuse_without_policy
from sourcery.stream import Stream, StreamId

A = TypeVar("A", bound=Aggregate[Any])
P = TypeVar("P", bound=Projection[Any])

_POSITION, _VERSION = 0, 3
#: The shortest time that is stored.
_TICK: Final = timedelta(microseconds=1)
#: Times that every database can compare, in whatever zone: all events are between them.
_EARLIEST: Final = datetime(1000, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)


class States:
    """The part of a store that gives states. Nothing here waits for what is not settled."""

    database: Database
    keeper: Keeper

    def decoder(self, classes: tuple[type[Any], ...]) -> Decoder:
        """How stored rows become these events."""
        raise NotImplementedError

    def load(
        self,
        cls: type[A],
        id: StreamId,
        *,
        version: int | None = None,
        position: int | None = None,
        at: datetime | None = None,
    ) -> A:
        """An aggregate to look at, as it is or as it was; it records nothing.

        `version` and `position` are inclusive; `at` is everything before the first event that
        was recorded later. Raises `StreamNotFound` when there was no event yet, `StreamDamaged`
        when one is missing between others.
        """
        stream = Stream(aggregate_type(cls).category, id)
        loaded = self._loaded(cls, stream, _until(version, position, at))
        if loaded.aggregate.version == 0:
            raise StreamNotFound(stream)
        end(loaded.aggregate)
        return loaded.aggregate

    def _loaded(self, cls: type[A], stream: Stream, until: Until | None) -> Loaded[A]:
        decoder = self.decoder(aggregate_type(cls).classes)
        with self.database.reading() as connection:
            loading = Loading(connection, self.database.dialect, self.keeper)
            return loading.load(cls, stream, decoder, until)

    def project(
        self,
        cls: type[P],
        id: StreamId = "",
        *,
        position: int | None = None,
        at: datetime | None = None,
    ) -> P:
        """A projection folded from all that is settled by now, or from what was settled once.

        From its snapshot if it has one; stores another if one is due, which inside a unit of
        work waits for the unit where one transaction writes at a time (SQLite): call
        `uow.project` there. `position` is inclusive; `at` is everything before the first event
        that was recorded later. Raises `InvalidArgument` for an id that is missing or too much.
        """
        if position is None and at is None:
            folding = self._fold(cls, id)
            state = fold_to_end(folding)
            folding.offer()
            return state
        upto = self._bound(position, at)
        return fold_to_end(self._fold(cls, id, upto), upto)

    def _fold(self, cls: type[P], id: StreamId, upto: int | None = None) -> Fold[P]:
        decoder = self.decoder(projection_type(cls).classes)
        return begin_fold(self.database, self.keeper, decoder, cls, id, upto=upto)

    def _bound(self, position: int | None, at: datetime | None) -> int:
        if position is not None and at is not None:
            raise InvalidArgument("at", "bounds what position bounds: say one of them")
        if position is not None:
            return check_position("position", position)
        moment = _instant(at)
        settled = self.database.frontier().settled
        with self.database.reading() as connection:
            return position_at(connection, self.database.dialect, moment + _TICK, settled)

    def snapshot(self, cls: type[Aggregate[Any] | Projection[Any]], id: StreamId = "") -> bool:
        """Take a snapshot now, whatever the policy says; whether there was a newer state to store.

        Commits, in statements of its own. Raises `InvalidArgument` for a class without a policy,
        `StreamNotFound` for an aggregate without events. That storing failed is logged.
        """
        if is_projection(cls):
            return self._snapshot_projection(cls, id)
        return self._snapshot_aggregate(cls, id)

    def _snapshot_projection(self, cls: type[Any], id: StreamId) -> bool:
        if self.keeper.slot(cls) is None:
            raise refuse_without_policy(cls)
        folding: Fold[Any] = self._fold(cls, id)
        fold_to_end(folding)
        return folding.offer(asked=True) > 0

    def _snapshot_aggregate(self, cls: type[Any], id: StreamId) -> bool:
        stream = Stream(aggregate_type(cls).category, id)
        loaded = self._loaded(cls, stream, None)
        if loaded.slot is None:
            raise refuse_without_policy(cls)
        version = loaded.aggregate.version
        if version == 0:
            raise StreamNotFound(stream)
        candidate = Candidate(
            slot=loaded.slot,
            id=stream.id,
            state=loaded.aggregate,
            version=version,
            last_event_id=as_uuid(loaded.last_event_id),
            facts=Facts(since=version - loaded.snapshot_version, seconds=loaded.seconds),
            asked=True,
            useless=loaded.useless,
        )
        return offer(self.database, self.keeper, prepare(self.keeper, [candidate])) > 0


def _until(version: int | None, position: int | None, at: datetime | None) -> Until | None:
    """Whether a stored event belongs to a state of the past; None is the state of now."""
    if sum(bound is not None for bound in (version, position, at)) > 1:
        raise InvalidArgument("version", "say one of version, position and at")
    if version is not None:
        return _up_to(_VERSION, check_position("version", version))
    if position is not None:
        return _up_to(_POSITION, check_position("position", position))
    if at is None:
        return None
    moment = _instant(at)
    return lambda row: moment_of(row) <= moment


def _instant(at: datetime | None) -> datetime:
    moment = check_moment("at", at)
    return min(max(moment, _EARLIEST), _LATEST).astimezone(UTC)


def _up_to(column: int, bound: int) -> Until:
    def belongs(row: StoredRow) -> bool:
        return bool(row[column] <= bound)

    return belongs
