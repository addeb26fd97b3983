"""Two who accept one id at the same time: the second waits for what becomes of the first."""

from contextlib import suppress
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from sourcery import EventStore, UnitOfWork
from sourcery.dialects import Dialect
from sourcery.schema import inbox
from sourcery.testing.conformance.domain import Note, notes_stored
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.inboxes import PAYMENTS, accepted, remembered
from sourcery.testing.conformance.support import DEADLINE

pytestmark: object = [pytest.mark.promise(43), pytest.mark.usefixtures("notes")]

#: Seconds in which something that must not happen would have happened.
MOMENT = 0.2


class Undone(Exception):
    """The first changes its mind."""


def undo(*, unless: bool) -> None:
    if not unless:
        raise Undone


def race(bank: EventStore, background: Background, *, commits: bool) -> tuple[bool, bool]:
    """What the first is told, then the second, who came while the first was open."""
    begun = Event()

    def second() -> bool:
        begun.set()
        return accepted(bank, "1")

    with suppress(Undone), UnitOfWork(bank) as uow:
        first = uow.accept(PAYMENTS, "1")
        waiting = background(second)
        assert begun.wait(DEADLINE)
        with pytest.raises(TimeoutError):
            waiting.result(MOMENT)
        undo(unless=commits)
    return first, waiting.result(DEADLINE)


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("words", ["own", "base"])
def test_the_second_waits_for_the_first(
    bank: EventStore,
    background: Background,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    commits: bool,
) -> None:
    """False after its commit, True after its rollback."""
    if words == "base":
        dialect = bank.database.dialect
        monkeypatch.setattr(dialect, "unless_there", Dialect.unless_there.__get__(dialect))
    assert (True, not commits) == race(bank, background, commits=commits)
    assert [(PAYMENTS, "1")] == remembered(bank)


def deliveries(bank: EventStore, background: Background, count: int = 8) -> list[bool]:
    """Deliver one message to so many workers at once; each notes what it does."""
    start = Event()

    def worker() -> bool:
        assert start.wait(DEADLINE)
        with UnitOfWork(bank) as uow:
            new = uow.accept(PAYMENTS, "1")
            if new:
                uow.session.add(Note(text=f"done {uuid4()}"))
            return new

    working = [background(worker) for _ in range(count)]
    start.set()
    return [each.result(DEADLINE) for each in working]


def test_of_many_deliveries_one_takes_effect(bank: EventStore, background: Background) -> None:
    """The others are told that it is a repeat, and nothing is raised."""
    assert [False] * 7 + [True] == sorted(deliveries(bank, background))
    assert 1 == len(notes_stored(bank))


def look_then_remember(
    connection: object, dialect: object, consumer: str, message_id: str, sent_at: object
) -> bool:
    """The naive rule: look, then remember, with no key that tells the two apart."""
    same = inbox.c.message_id.like(f"{message_id}#%")
    if connection.execute(select(inbox).where(same)).first():
        return False
    row = {"consumer": consumer, "message_id": f"{message_id}#{uuid4()}"}
    connection.execute(insert(inbox).values(**row, received_at="2026-01-01 00:00:00"))
    return True


@pytest.mark.needs("writers")
def test_looking_first_takes_effect_twice(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: without the key, both are told that it is new."""
    monkeypatch.setattr("sourcery.unit_of_work.accept", look_then_remember)
    with UnitOfWork(bank) as first, UnitOfWork(bank) as second:
        told = [unit.accept(PAYMENTS, "1") for unit in (first, second)]
    assert [True, True] == told
