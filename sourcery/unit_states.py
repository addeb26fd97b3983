"""What a unit of work decides by: aggregates, which are its own, and projections."""

from __future__ import annotations

from typing import Any, TypeVar

from sourcery.aggregate import Aggregate, aggregate_type, restore
from sourcery.changes import Changes
from sourcery.errors import StreamNotFound, UnitOfWorkError
from sourcery.folding import begin_fold, fold_to_end
from sourcery.loading import Loaded, Loading
from sourcery.projection import Projection, projection_type
from sourcery.snapshotting import UnitSnapshots
from sourcery.store import EventStore
from sourcery.stream import Stream, StreamId
from sourcery.transactions import State, UnitTransaction

A = TypeVar("A", bound=Aggregate[Any])
P = TypeVar("P", bound=Projection[Any])


class UnitStates:
    """The part of a unit of work that gives states, each of which it gives once."""

    _store: EventStore
    _state: State
    _changes: Changes
    _snapshots: UnitSnapshots
    _transaction: UnitTransaction

    def create(self, cls: type[A], id: StreamId) -> A:
        """Begin a stream without reading it; `VersionConflict` on exit if it exists."""
        stream = self._stream(cls, id)
        known = self._changes.loaded.get(stream)
        if known is None:
            return self._keep(stream, Loaded(restore(cls, id), self._store.keeper.slot(cls)))
        if known.version or not isinstance(known, cls):
            raise UnitOfWorkError(f"{stream} is loaded in this unit of work already")
        return known  # a load found nothing, as `create` expects

    def get(self, cls: type[A], id: StreamId) -> A:
        """Load an aggregate; `StreamNotFound` when its stream has no events.

        Two loads of one stream give one object. Raises `StreamDamaged` when an event is missing
        between others: no decision is made on what is left.
        """
        aggregate = self.get_or_create(cls, id)
        if aggregate.version == 0:
            raise StreamNotFound(self._stream(cls, id))
        return aggregate

    def get_or_create(self, cls: type[A], id: StreamId) -> A:
        """Load an aggregate, or begin its stream."""
        stream = self._stream(cls, id)
        known = self._changes.loaded.get(stream)
        if known is None:
            return self._keep(stream, self._load(cls, stream))
        if not isinstance(known, cls):
            loaded = type(known).__qualname__
            raise UnitOfWorkError(f"{stream} is loaded as {loaded} in this unit of work")
        return known

    def _stream(self, cls: type[Aggregate[Any]], id: StreamId) -> Stream:
        self._check_open()
        return Stream(aggregate_type(cls).category, id)

    def _keep(self, stream: Stream, loaded: Loaded[A]) -> A:
        self._changes.loaded[stream] = loaded.aggregate
        self._snapshots.loaded[stream] = loaded
        return loaded.aggregate

    def _load(self, cls: type[A], stream: Stream) -> Loaded[A]:
        store = self._store
        decoder = store.decoder(aggregate_type(cls).classes)
        loading = Loading(self._transaction.connection, store.database.dialect, store.keeper)
        return loading.load(cls, stream, decoder)

    def snapshot(self, aggregate: Aggregate[Any]) -> None:
        """Take a snapshot of a loaded aggregate after the commit, whatever its policy says.

        Raises `InvalidArgument` when neither its class nor the store has a policy: no load would
        look for it.
        """
        self._check_open()
        self._snapshots.ask(aggregate)

    def project(self, cls: type[P], id: StreamId = "") -> P:
        """A projection to decide by: everything that is settled by now, as `store.project`.

        What this unit writes, or anybody has in flight, is not in it, and may change it. It is
        read on a connection of its own; a snapshot that is due is stored after the commit.
        """
        self._check_open()
        store, decoder = self._store, self._store.decoder(projection_type(cls).classes)
        folding = begin_fold(store.database, store.keeper, decoder, cls, id)
        state = fold_to_end(folding)
        self._snapshots.keep(folding.due())
        return state

    def _check_open(self) -> None:
        if self._state is not State.OPEN:
            raise UnitOfWorkError(f"this unit of work is {self._state.value}: use it in its block")
