"""The snapshots in the database: which there are, and deleting what nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, TypeAlias

from sourcery.aggregate import Aggregate
from sourcery.errors import InvalidArgument
from sourcery.log import translated
from sourcery.projection import Projection
from sourcery.snapshots import Choice, StoredSnapshot, owner_kind_of
from sourcery.snapshots.inventory import delete_stored, inventory
from sourcery.store import EventStore
from sourcery.stream import StreamId

Owner: TypeAlias = type[Aggregate[Any]] | type[Projection[Any]] | str

#: Snapshots that are listed, or deleted in one transaction, at once.
_CHUNK: Final = 1000


def stored_snapshots(
    store: EventStore,
    *,
    of: Owner | None = None,
    id: StreamId | None = None,
    tag: str | None = None,
    older_than: timedelta | None = None,
) -> Iterator[StoredSnapshot]:
    """The snapshots in the database, by owner and tag; their states are not read.

    `of` is a class, or an owner as `StoredSnapshot.key` has it (`aggregate:account`), which may
    be of a class that is gone. `older_than` is the age since it was stored last.
    """
    return _all(store, choice(store, of=of, id=id, tag=tag, older_than=older_than))


def _all(store: EventStore, chosen: Choice) -> Iterator[StoredSnapshot]:
    last: StoredSnapshot | None = None
    while True:
        with store.database.reading() as connection:
            found = inventory(connection, chosen, last.key if last else None, _CHUNK)
        yield from found
        if len(found) < _CHUNK:
            return
        last = found[-1]


def delete_snapshots(
    store: EventStore,
    *,
    of: Owner | None = None,
    id: StreamId | None = None,
    tag: str | None = None,
    older_than: timedelta | None = None,
    outdated: bool = False,
) -> int:
    """Delete those that are chosen, all without a choice; how many. Commits, 1,000 at a time.

    Always safe: what has none is replayed, and gets another when one is due. `outdated` are
    those of another shape than the class `of` has now: for when no process of the release before
    runs any more.
    """
    chosen = choice(store, of=of, id=id, tag=tag, older_than=older_than, outdated=outdated)
    deleted = 0
    while True:
        with store.database.reading() as connection:
            found = inventory(connection, chosen, None, _CHUNK)
        deleted += _delete(store, found)
        if len(found) < _CHUNK:
            return deleted


def _delete(store: EventStore, found: list[StoredSnapshot]) -> int:
    database = store.database
    with (
        translated(database.dialect),
        database.connect_to_write() as connection,
        connection.begin(),
    ):
        database.dialect.begin(connection)
        return delete_stored(connection, found)


def choice(
    store: EventStore,
    *,
    of: Owner | None,
    id: StreamId | None = None,
    tag: str | None = None,
    older_than: timedelta | None = None,
    outdated: bool = False,
) -> Choice:
    """What the arguments choose. Raises `InvalidArgument`."""
    if id is not None and of is None:
        raise InvalidArgument("id", "is that of an owner: say of= as well")
    before = None
    if older_than is not None:
        with store.database.reading() as connection:
            before = store.database.dialect.now(connection) - older_than
    return Choice(
        owner_kind=of if of is None or isinstance(of, str) else owner_kind_of(of),
        owner_id=None if id is None else str(id),
        schema_tag=tag,
        other_than=_present_tag(store, of) if outdated else None,
        before=before,
    )


def _present_tag(store: EventStore, of: Owner | None) -> str:
    slot = store.keeper.slot(of) if isinstance(of, type) else None
    if slot is None:
        raise InvalidArgument("outdated", "needs of=, a class that keeps snapshots")
    return slot.schema_tag
