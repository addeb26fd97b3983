"""Promise 25: parked events are tried again in the order of their key, even against live ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, text

from sourcery import Consumer, EventStore, Recorded, UnitOfWork
from sourcery.consumers.letters import change
from sourcery.testing.conformance.domain import ADA, Deposited, Note, append, notes_stored
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.subscribers import (
    NAME,
    Broken,
    Fails,
    Seen,
    deposit,
    elsewhere,
    letter_facts,
    letters,
    note_of,
    policy,
    row_of,
    subscriber,
    write_note,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until

pytestmark: object = [
    pytest.mark.promise(24),
    pytest.mark.promise(25),
    pytest.mark.usefixtures("notes"),
]

THREE = ["ada 1", "ada 2", "ada 3"]
PARKED = [(1, "parked", 1), (2, "behind", 0), (3, "behind", 0)]


@pytest.fixture
def parked(bank: EventStore) -> EventStore:
    """An account whose first event was given up, and two that wait behind it."""
    deposit(bank, "ada", 3)
    assert 0 == subscriber(bank, Fails(["ada 1"]), on_error=policy("park")).drain()
    assert PARKED == letter_facts(bank)
    return bank


def retried(store: EventStore, handler: Any, **options: Any) -> None:
    """Ask for all keys, and let a new process do it."""
    Consumer(store, NAME).retry()
    subscriber(store, handler, on_error=policy("park"), **options).drain(timeout=DEADLINE)


def test_all_of_the_key_follows_the_first(parked: EventStore) -> None:
    """In order, each once, before later events of the key; then nothing is left to see."""
    deposit(parked, "ada")
    seen = Seen()
    retried(parked, seen)
    assert ([*THREE, "ada 4"], []) == (seen.notes, letters(parked))
    deposit(parked, "ada")
    assert 1 == subscriber(parked, seen).drain()


@pytest.mark.parametrize("options", [{"batch": True}, {"effects": True}])
def test_in_every_way_of_handling(parked: EventStore, options: dict[str, Any]) -> None:
    """A batch of one, and an effect."""
    seen: list[str] = []

    def handle(*given: Any) -> None:
        events: Sequence[Recorded[Any]] = given[-1] if options.get("batch") else [given[-1]]
        seen.extend(map(note_of, events))

    retried(parked, handle, **options)
    assert (THREE, []) == (seen, letters(parked))


def test_an_owner_finds_what_is_due_in_the_table(parked: EventStore) -> None:
    """Whoever wrote it there, and however many processes have ended since."""
    with parked.database.connect_to_write() as connection, connection.begin():
        dialect, head = parked.database.dialect, letters(parked)[0]
        change(connection, dialect, head, next_attempt_at=datetime.now(UTC))
    for expected in (THREE[:1], THREE[:2], THREE):
        subscriber(parked, write_note).run_once()
        assert expected == notes_stored(parked)


def test_one_that_fails_again_stays_parked(parked: EventStore) -> None:
    """With one more attempt and the new error; its key stays closed, others are untouched."""
    deposit(parked, "bob")
    retried(parked, Fails(["ada 1"]))
    assert [(1, "parked", 2), *PARKED[1:]] == letter_facts(parked)
    assert (["bob 1"], None) == (notes_stored(parked), letters(parked)[0].next_attempt_at)


def test_one_behind_that_fails_keeps_the_rest_behind_it(parked: EventStore) -> None:
    """What came before it is done."""
    retried(parked, Fails(["ada 2"]))
    assert (["ada 1"], [(2, "parked", 1), PARKED[2]]) == (
        notes_stored(parked),
        letter_facts(parked),
    )
    retried(parked, write_note)
    assert (THREE, []) == (notes_stored(parked), letters(parked))


def test_live_events_of_the_key_queue_while_it_is_retried(
    parked: EventStore, running: Running
) -> None:
    """An event that arrives while the letters are in hand is handled after the last of them."""
    in_hand, go_on = Event(), Event()

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        seen.append(note_of(recorded))
        if recorded.version == 1:
            in_hand.set()
            assert go_on.wait(DEADLINE)

    seen: list[str] = []
    running(subscriber(parked, handle))
    Consumer(parked, NAME).retry()
    assert in_hand.wait(DEADLINE)
    deposit(parked, "ada", 2)
    go_on.set()
    wait_until(lambda: len(seen) == 5 and not letters(parked))
    assert [f"ada {n}" for n in range(1, 6)] == seen


def test_order_is_kept_against_a_stream_of_live_events(bank: EventStore, running: Running) -> None:
    """One event after the other fails, is parked and retried, while others keep coming."""
    fails = {f"{stream_id} {version}" for stream_id in "ab" for version in (1, 4, 5, 9)}

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        note = note_of(recorded)
        if note in fails:
            fails.remove(note)
            raise Broken(note)
        write_note(uow, recorded)

    consumer = subscriber(bank, handle, on_error=policy("park"), longest_interval=0.05)
    consumer.run_once()
    running(consumer)
    for _ in range(12):
        for stream_id in "ab":
            deposit(bank, stream_id)
        Consumer(bank, NAME).retry()
    wait_until(lambda: Consumer(bank, NAME).retry() == 0 and len(notes_stored(bank)) == 24)
    with bank.engine.connect() as connection:
        written = connection.scalars(select(Note.text).order_by(Note.id)).all()
    for stream_id in "ab":
        mine = [note for note in written if note.startswith(stream_id)]
        assert [f"{stream_id} {n}" for n in range(1, 13)] == mine


@pytest.mark.promise(21)
def test_a_letter_leaves_with_what_its_handler_did(parked: EventStore) -> None:
    """Not when that fails at the end; and the attempt is stored before the handler is called."""
    seen: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        seen.append(letters(parked)[0].attempts)
        uow.append(ADA, [Deposited(1)])
        uow.session.add_all([Note(text="twice"), Note(text="twice")])

    retried(parked, handle)
    assert ([2], []) == (seen, notes_stored(parked))
    assert [(1, "parked", 2), *PARKED[1:]] == letter_facts(parked)
    assert ("IntegrityError", 3) == (letters(parked)[0].error_class, parked.settled())


def test_a_letter_that_is_gone_takes_back_what_was_done(parked: EventStore) -> None:
    """Another owner was here: handled by two, it would have happened twice."""

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        with parked.engine.begin() as connection:
            connection.execute(text("DELETE FROM sourcery_dead_letters WHERE position = 1"))
        write_note(uow, recorded)

    retried(parked, handle)
    assert ([], PARKED[1:]) == (notes_stored(parked), letter_facts(parked))


def test_a_conflict_is_no_failure_of_a_letter(parked: EventStore) -> None:
    """Another writer was first: it is run again, on fresh state."""
    versions: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        versions.append(len(versions))
        if len(versions) == 1:
            elsewhere(lambda: append(parked, ADA, [Deposited(9)]))
            uow.append(ADA, [Deposited(10)], expected=3)
        write_note(uow, recorded)

    retried(parked, handle)
    assert ([*THREE, "ada 4"], []) == (notes_stored(parked), letters(parked))
    assert (0, 5) == (row_of(parked).attempts, len(versions))
