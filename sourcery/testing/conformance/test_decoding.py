"""Promise 26: an event that cannot be read is given up by the policy, and not tried again."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen
from sqlalchemy import text

from sourcery import Consumer, EventStore, Part, Recorded, Stream, UnitOfWork, event, upcast
from sourcery.consumers import Status
from sourcery.errors import ConsumerFailed, DecodeError
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import AccountEvent, Deposited, append, notes_stored
from sourcery.testing.conformance.subscribers import (
    NAME,
    Broken,
    Seen,
    deposit,
    ignore,
    letter_facts,
    letters,
    note_of,
    policy,
    row_of,
    subscriber,
)

pytestmark: object = [pytest.mark.promise(26), pytest.mark.usefixtures("notes")]

#: In no error and in no log.
SECRET = "hunter2"


def spoil(store: EventStore, position: int) -> None:
    """Store an amount that is no number."""
    data = '{"amount": "' + SECRET + '"}'
    with store.engine.begin() as connection:
        sql = "UPDATE sourcery_events SET data = :data WHERE position = :position"
        connection.execute(text(sql), {"data": data, "position": position})


@pytest.fixture
def spoilt(bank: EventStore) -> EventStore:
    """Five events, the third of which nobody can read."""
    deposit(bank, "ada", 5)
    spoil(bank, 3)
    return bank


def test_stop_stands_before_it_and_names_it(spoilt: EventStore) -> None:
    """By position, id, kind and the path in the payload; after one attempt, whatever is allowed."""
    seen = Seen()
    with pytest.raises(ConsumerFailed) as caught:
        subscriber(spoilt, seen, on_error=policy("stop", 5)).drain()
    cause, row = caught.value.__cause__, row_of(spoilt)
    assert isinstance(cause, DecodeError)
    assert (3, "account.deposited", "amount") == (cause.position, cause.kind, cause.path)
    assert (Status.FAULTED, 2, 1) == (row.status, row.position, row.attempts)
    for part in ("DecodeError", "position 3", str(cause.event_id), "account.deposited", "amount"):
        assert part in str(row.error)
    assert ["ada 1", "ada 2"] == seen.notes


@pytest.mark.parametrize("options", [{}, {"batch": True}, {"effects": True}, {"page": 1}])
def test_skip_passes_it_over(spoilt: EventStore, options: dict[str, Any]) -> None:
    """And no event before or after it is handled twice."""
    seen: list[int] = []

    def handle(*given: Any) -> None:
        events = given[-1] if isinstance(given[-1], list) else [given[-1]]
        seen.extend(recorded.position for recorded in events)

    assert 4 == subscriber(spoilt, handle, on_error=policy("skip", 5), **options).drain()
    assert [1, 2, 4, 5] == seen
    assert [(3, "skipped", 1)] == letter_facts(spoilt)


def test_parked_it_closes_its_key(spoilt: EventStore) -> None:
    """Mended and retried, all of the key follows in order."""
    seen = Seen()
    consumer = subscriber(spoilt, seen, on_error=policy("park", 5))
    assert 2 == consumer.drain()
    assert [(3, "parked", 1), (4, "behind", 0), (5, "behind", 0)] == letter_facts(spoilt)
    with spoilt.engine.begin() as connection:
        connection.execute(text("""UPDATE sourcery_events SET data = '{"amount" : 1}'"""))
    Consumer(spoilt, NAME).retry()
    consumer.drain()
    assert (5, []) == (len(notes_stored(spoilt)), letter_facts(spoilt))
    assert [f"ada {n}" for n in range(1, 6)] == seen.notes


@pytest.mark.promise(48)
def test_its_payload_is_told_nowhere(spoilt: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the row, nor in a letter, nor in a log."""
    with pytest.raises(ConsumerFailed) as caught:
        subscriber(spoilt, ignore, name="stops", on_error=policy("stop")).drain()
    subscriber(spoilt, ignore, name="parks", on_error=policy("park")).drain()
    told = [row_of(spoilt, "stops").error, letters(spoilt, "parks")[0].error, caplog.text]
    told += [str(caught.value), str(caught.value.__cause__)]
    assert [True] * 5 == ["cannot be read: amount" in str(text) for text in told]
    assert SECRET not in "\n".join(map(str, told))


def test_a_kind_that_nobody_asked_for_is_no_event(bank: EventStore) -> None:
    """One that no class has any more is passed over without a word."""
    last = deposit(bank, "ada", 3)
    with bank.engine.begin() as connection:
        sql = "UPDATE sourcery_events SET kind = 'no.more', data = '[]' WHERE position = 2"
        connection.execute(text(sql))
    seen = Seen()
    assert 2 == subscriber(bank, seen, events=AccountEvent).drain()
    assert (["ada 1", "ada 3"], last) == (seen.notes, row_of(bank).position)
    assert [] == letters(bank)


@event("account.halved")
@frozen
class Halved:
    """One of two parts of what was once one event."""

    half: int


@upcast("account.deposited", version=1, into=["account.halved"])
def in_two(data: dict[str, Any]) -> list[Part]:
    """One stored event, read as two; one of nothing is read as none."""
    return [Part("account.halved", {"half": n}) for n in (1, 2) if data["amount"]]


@pytest.fixture
def halves(database: Database) -> Iterator[EventStore]:
    """A store that reads a deposit as two halves."""
    with EventStore(database.url, upcasters=[in_two]) as store:
        append(store, Stream("account", "ada"), [Deposited(n) for n in (1, 0, 3)])
        yield store


def test_parts_of_one_event_are_handled_together(halves: EventStore) -> None:
    """A failure at the second undoes the first; the event is counted, and given up, once."""
    seen: list[tuple[str, int]] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Halved]) -> None:
        seen.append((note_of(recorded), recorded.event.half))
        if seen.count(("ada 1", 2)) == 1 and recorded.part == 1:
            raise Broken

    assert 2 == subscriber(halves, handle, events=Halved, on_error=policy("stop", 1)).drain()
    first = [("ada 1", 1), ("ada 1", 2)]
    assert [*first, *first, ("ada 3", 1), ("ada 3", 2)] == seen
    assert 3 == row_of(halves).position


def test_parts_of_one_event_are_one_letter(halves: EventStore) -> None:
    """What an upcaster leaves out is no event, and no letter of its own unless it must queue."""

    def handle(uow: UnitOfWork, recorded: Recorded[Halved]) -> None:
        raise Broken

    assert 0 == subscriber(halves, handle, events=Halved, on_error=policy("skip")).drain()
    assert [(1, "skipped", 1), (3, "skipped", 1)] == letter_facts(halves)
