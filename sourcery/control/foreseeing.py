"""What a rewind or a skip would do, counted before anybody asks for it."""

from __future__ import annotations

from attrs import frozen

from sourcery.consumers.backlog import count_rows
from sourcery.consumers.filters import query_of
from sourcery.consumers.letters import letters_of
from sourcery.control.looking import rows_now
from sourcery.start import Start
from sourcery.starting import find_start
from sourcery.store import EventStore


@frozen(kw_only=True)
class Foreseen:
    """What lies between where a consumer is and a position."""

    #: The position that was named, or found for a time.
    target: int
    #: Events or messages that a rewind would have handled again.
    again: int
    #: Dead letters that a rewind would delete, because their events come again.
    letters: int
    #: Events or messages that a skip would pass over.
    passed: int


def foresee(store: EventStore, name: str, to: Start) -> Foreseen:
    """Count all rows in between; shards that a rewind or skip leaves alone count nothing."""
    database = store.database
    rows = rows_now(database, name)
    target = find_start(database, to, "to", query_of(rows[0]))
    again = passed = gone = 0
    with database.reading() as connection:
        letters = letters_of(connection, name)
        for row in rows:
            query = query_of(row, store.stored_kinds)
            if row.position > target:
                again += count_rows(connection, query, target, row.position)
                mine = [x for x in letters if x.bucket % row.shards == row.shard]
                gone += sum(letter.position > target for letter in mine)
            else:
                passed += count_rows(connection, query, row.position, target)
    return Foreseen(target=target, again=again, letters=gone, passed=passed)
