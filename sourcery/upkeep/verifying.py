"""Verifying snapshots: each is compared with a replay of all its events."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from attrs import define, field, frozen
from sqlalchemy.exc import DBAPIError

from sourcery.aggregate import Aggregate, aggregate_type
from sourcery.codec import difference
from sourcery.errors import InvalidArgument, StoreClosed
from sourcery.folding import begin_fold, fold_to_end
from sourcery.loading import Loading
from sourcery.projection import Projection, is_projection, projection_type
from sourcery.recorded import as_uuid
from sourcery.selection import check_call
from sourcery.snapshots import Keeper, NoSnapshots, Slot, StoredSnapshot
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep.snapshots import stored_snapshots

#: A load that looks for no snapshot.
_WITHOUT = Keeper(NoSnapshots(), None)
_VERSION, _POSITION, _EVENT_ID = 3, 0, 4


@define(kw_only=True)
class SnapshotCheck:
    """What became of it."""

    #: Snapshots that were compared with a replay.
    checked: int = 0
    #: Those that are not what a replay gives. Delete them, and find out why: `apply` may not be
    #: a function of state and event alone.
    wrong: list[StoredSnapshot] = field(factory=list[StoredSnapshot])
    #: Those that a load passes over: damaged, or ahead of the stream.
    unusable: list[StoredSnapshot] = field(factory=list[StoredSnapshot])
    #: Those whose events could not be replayed, with the class of the error.
    failed: list[tuple[StoredSnapshot, str]] = field(factory=list[tuple[StoredSnapshot, str]])

    @property
    def is_right(self) -> bool:
        """Whether all that were looked at are as they should be."""
        return not (self.wrong or self.unusable or self.failed)


def verify_snapshots(
    store: EventStore,
    cls: type[Aggregate[Any] | Projection[Any]],
    *,
    sample: float = 1.0,
    on_checked: Callable[[SnapshotCheck], object] | None = None,
) -> SnapshotCheck:
    """Replay everything below each stored snapshot of a class, and compare. Only reads.

    Those of the class's present shape; all, or a `sample` share, chosen by their owners' ids. A
    snapshot costs one load without it: of a projection that is a read of the log. `on_checked`
    is called after each. Raises `InvalidArgument` for a class without a policy.
    """
    if isinstance(sample, bool) or not 0 < sample <= 1:
        raise InvalidArgument("sample", "must be a share, above 0 and at most 1")
    check_call("on_checked", on_checked)
    slot = store.keeper.slot(cls)
    if slot is None:
        raise InvalidArgument("cls", f"{cls.__qualname__} keeps no snapshots: it has no policy")
    verifying, result = _Verifying(store, slot), SnapshotCheck()
    for stored in stored_snapshots(store, of=cls, tag=slot.schema_tag):
        if zlib.crc32(stored.key.owner_id.encode()) < sample * 2**32:
            verifying.check(stored, result)
            if on_checked is not None:
                on_checked(result)
    return result


@frozen
class _Verifying:
    store: EventStore
    slot: Slot

    def check(self, stored: StoredSnapshot, result: SnapshotCheck) -> None:
        database, id = self.store.database, stored.key.owner_id
        with database.reading() as connection:
            usable, _ = self.store.keeper.find(connection, database.dialect, self.slot, id)
        if usable is None:
            if self._is_there(stored):
                result.unusable.append(stored)
            return
        replay = self._projection if is_projection(self.slot.cls) else self._aggregate
        try:
            version, last_event_id, state = replay(id, usable.snapshot.version)
        except (DBAPIError, StoreClosed):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a class does; the others are looked at
            result.failed.append((stored, type(error).__name__))
            return
        if (version, last_event_id) != (usable.snapshot.version, usable.snapshot.last_event_id):
            result.unusable.append(stored)
            return
        result.checked += 1
        if not self._is_same(usable.state, state):
            result.wrong.append(stored)

    def _is_there(self, stored: StoredSnapshot) -> bool:
        """Somebody may have deleted it meanwhile."""
        owner, tag = stored.key.owner_id, stored.key.schema_tag
        return any(stored_snapshots(self.store, of=self.slot.cls, id=owner, tag=tag))

    def _aggregate(self, id: str, version: int) -> tuple[int, UUID | None, Any]:
        cls, database = self.slot.cls, self.store.database
        decoder = self.store.decoder(aggregate_type(cls).classes)
        with database.reading() as connection:
            loading = Loading(connection, database.dialect, _WITHOUT)
            stream = Stream(aggregate_type(cls).category, id)
            loaded = loading.load(cls, stream, decoder, lambda row: bool(row[_VERSION] <= version))
        last = loaded.last_event_id
        return loaded.aggregate.version, None if last is None else as_uuid(last), loaded.aggregate

    def _projection(self, id: str, position: int) -> tuple[int, UUID | None, Any]:
        cls, database = self.slot.cls, self.store.database
        decoder = self.store.decoder(projection_type(cls).classes)
        folding = begin_fold(database, _WITHOUT, decoder, cls, id, upto=position)
        state, last = fold_to_end(folding, position), folding.last
        if last is None:
            return 0, None, state
        return last[_POSITION], as_uuid(last[_EVENT_ID]), state

    def _is_same(self, stored: Any, replayed: Any) -> bool:
        """To the last object in them, whatever they take for equal themselves."""
        return difference(stored, replayed) is None
