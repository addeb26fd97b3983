"""The snapshots in the database: which there are, and deleting what nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
#: Before there was any.
_LONG_AGO: Final = datetime(1970, 1, 2, tzinfo=UTC)


def stored_snapshots(
    store: EventStore,
    *,
    of: Owner | None = None,
    id: StreamId | None = None,
    tag: str | None = None,
    older_than: timedelta | None = None,
    outdated: bool = False,
) -> Iterator[StoredSnapshot]:
    """The snapshots in the database, by owner and tag; their states are not read.

    `of` is a class, or an owner as `StoredSnapshot.key` has it (`aggregate:account`), which may
    be of a class that is gone. `older_than` is the age since it was stored last; `outdated` as in
    `delete_snapshots`.
    """
    chosen = choice(store, of=of, id=id, tag=tag, older_than=older_than, outdated=outdated)
    return _all(store, chosen)


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
        database.writing() as connection,
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
    if not store.keeper.in_database:
        problem = "keeps its snapshots elsewhere: there they are listed, verified and deleted"
        raise InvalidArgument("store", problem)
    return Choice(
        owner_kind=None if of is None else _owner_kind(of),
        owner_id=None if id is None else str(id),
        schema_tag=tag,
        other_than=_present_tag(store, of) if outdated else None,
        before=None if older_than is None else _moment(store, older_than),
    )


def _owner_kind(of: Owner) -> str:
    if not isinstance(of, str):
        return owner_kind_of(of)
    if not of.startswith(("aggregate:", "projection:")):
        raise InvalidArgument("of", f"is a class, 'aggregate:...' or 'projection:...', not {of!a}")
    return of


def _moment(store: EventStore, older_than: object) -> datetime:
    if not isinstance(older_than, timedelta) or older_than < timedelta(0):
        raise InvalidArgument("older_than", "must be a timedelta that is not negative")
    with store.database.reading() as connection:
        now = store.database.dialect.now(connection)
    return now - min(older_than, now - _LONG_AGO)


def _present_tag(store: EventStore, of: Owner | None) -> str:
    slot = store.keeper.slot(of) if isinstance(of, type) else None
    if slot is None:
        raise InvalidArgument("outdated", "needs of=, a class that keeps snapshots")
    return slot.schema_tag
