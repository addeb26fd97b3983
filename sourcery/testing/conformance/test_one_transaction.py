"""Promise 21: what a page did and its checkpoint commit together or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from sourcery.errors import ConsumerFailed, EncodeError
from sourcery.testing.conformance.domain import (
    BOB,
    ORDER,
    Account,
    Deposited,
    Note,
    Placed,
    Remarked,
    append,
    events_stored,
    messages_stored,
    notes_stored,
)
from sourcery.testing.conformance.subscribers import (
    NAME,
    Broken,
    note_of,
    policy,
    row_of,
    subscriber,
)

pytestmark: object = [pytest.mark.promise(21), pytest.mark.usefixtures("notes")]

STEPS = ["row", "aggregate", "append", "publish"]
TALK = Stream("talk", "a")


@define
class Everything:
    """A handler that does all that a unit of work can do, and fails where it is told."""

    fails_at: str = ""
    #: Called first of all.
    before: Callable[[], object] = int

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        """Each step is done before it fails; two of them fail only when it has returned."""
        self.before()
        for step in STEPS:
            self.do(step, uow, recorded)
            if step == self.fails_at:
                raise Broken(step)
        if self.fails_at == "flush":
            uow.session.add(Note(text="taken"))
        if self.fails_at == "encode":
            uow.get(Account, "bob").open(object())  # type: ignore[arg-type]

    def do(self, step: str, uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        """One step."""
        if step == "row":
            uow.session.add(Note(text=note_of(recorded)))
            uow.session.flush()
        elif step == "aggregate":
            uow.get(Account, "bob").withdraw(1)
        elif step == "append":
            uow.append(ORDER, [Placed(note_of(recorded))])
        else:
            uow.publish("remarks", payload=note_of(recorded))


def drain(store: EventStore, handler: Everything) -> int:
    """Handle the remarks, giving up at the first failure."""
    return subscriber(store, handler, events=Remarked, on_error=policy("stop")).drain()


def state(store: EventStore) -> tuple[list[str], int, int, int]:
    """Rows, events, messages, and the checkpoint."""
    logs = events_stored(store), messages_stored(store)
    return notes_stored(store), *logs, row_of(store).position


@pytest.fixture
def before(bank: EventStore) -> tuple[list[str], int, int, int]:
    """Two remarks to handle, money on an account, and a note that is taken."""
    append(bank, BOB, [Deposited(100)])
    with UnitOfWork(bank) as uow:
        uow.session.add(Note(text="taken"))
    assert 0 == drain(bank, Everything())
    append(bank, TALK, [Remarked("one"), Remarked("two")])
    return state(bank)[0], 3, 0, 1


@contextmanager
def without_outbox(store: EventStore) -> Iterator[None]:
    """A database that refuses the messages of a unit, which are written last of all."""
    rename(store, "sourcery_outbox", "hidden_outbox")
    yield
    rename(store, "hidden_outbox", "sourcery_outbox")


def rename(store: EventStore, old: str, new: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_all_of_it_is_committed(bank: EventStore, before: tuple[Any, ...]) -> None:
    """Rows, what aggregates recorded, raw events and messages, of each event once."""
    assert (2, 0) == (drain(bank, Everything()), drain(bank, Everything()))
    assert (["a 1", "a 2", "taken"], 3 + 4, 2) == state(bank)[:3]
    assert bank.settled() == row_of(bank).position


@pytest.mark.parametrize("step", [*STEPS, "flush", "encode"])
def test_a_failure_leaves_nothing(bank: EventStore, before: tuple[Any, ...], step: str) -> None:
    """After each step in turn, and at the end of the page; the error is the handler's own."""
    with pytest.raises(ConsumerFailed) as caught:
        drain(bank, Everything(step))
    expected = {"flush": IntegrityError, "encode": EncodeError}.get(step, Broken)
    assert (before, expected) == (state(bank), type(caught.value.__cause__))


def test_a_refused_message_leaves_nothing(bank: EventStore, before: tuple[Any, ...]) -> None:
    """Though row, checkpoint and events were sent to the database before it."""
    with without_outbox(bank), pytest.raises(ConsumerFailed):
        drain(bank, Everything())
    assert before == state(bank)


def test_a_lost_lease_leaves_nothing(bank: EventStore, before: tuple[Any, ...]) -> None:
    """Somebody else took the shard while the page was in hand: it is not ours to commit."""
    stolen: list[int] = []

    def steal() -> None:
        if stolen:
            return
        with bank.engine.begin() as connection:
            sql = f"UPDATE sourcery_consumers SET epoch = epoch + 1 WHERE name = '{NAME}'"
            stolen.append(connection.execute(text(sql)).rowcount)

    assert 2 == drain(bank, Everything(before=steal))
    assert ([1], 2) == (stolen, messages_stored(bank))
    assert (["a 1", "a 2", "taken"], 7) == state(bank)[:2]


def test_a_page_is_one_transaction(bank: EventStore) -> None:
    """Its events are seen by others all at once, the checkpoint with them."""
    append(bank, TALK, [Remarked(str(n)) for n in range(4)])
    seen: list[tuple[int, int]] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        seen.append((len(notes_stored(bank)), row_of(bank).position))
        uow.session.add(Note(text=note_of(recorded)))
        uow.session.flush()

    assert 4 == subscriber(bank, handle, page=2).drain()
    assert [(0, 0), (0, 0), (2, 2), (2, 2)] == seen
