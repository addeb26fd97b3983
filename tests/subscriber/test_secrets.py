"""Promise 48: what is stored and logged of a handler's error holds no payload."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sourcery import Consumer, EventStore, Recorded, Stream, UnitOfWork
from sourcery.errors import ConsumerFailed
from sourcery.worker.failures import described
from tests.domain import Note, Remarked, append
from tests.subscriber.support import (
    NAME,
    Broken,
    letters,
    policy,
    row_of,
    subscriber,
)

pytestmark = pytest.mark.promise(48)

SECRET = "hunter2"


def collide(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """Write a row that is there already, from the payload: seen at the end of the page."""
    uow.session.add(Note(text=recorded.event.text))


def collide_at_once(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """The same, seen in the handler."""
    collide(uow, recorded)
    uow.session.flush()


def collide_and_go_on(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """Swallow it, so that the session complains at the end, and quotes it."""
    collide(uow, recorded)
    with pytest.raises(IntegrityError):
        uow.session.flush()


def collide_and_explain(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """Raise an error of one's own that is chained to it."""
    try:
        collide_at_once(uow, recorded)
    except IntegrityError as error:
        raise Broken("cannot write") from error


def cast_text(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """An error of the driver itself, whose text quotes the value."""
    connection: Any = uow.session.connection().connection.driver_connection
    value = recorded.event.text
    connection.cursor().execute(f"INSERT INTO notes (id, text) VALUES (1, '{value}')")


def misbind(uow: UnitOfWork, recorded: Recorded[Remarked]) -> None:
    """An error of SQLAlchemy that quotes parameters and never reached the driver."""
    uow.session.execute(text("SELECT :a, :b"), {"a": recorded.event.text})


WAYS = [collide, collide_at_once, collide_and_go_on, collide_and_explain, cast_text, misbind]


@pytest.fixture
def secret(bank: EventStore) -> EventStore:
    """A remark whose text is a secret, and a row with that text."""
    append(bank, Stream("talk", "a"), [Remarked(SECRET)])
    with UnitOfWork(bank) as uow:
        uow.session.add(Note(id=1000, text=SECRET))
    return bank


@pytest.mark.parametrize("way", WAYS)
def test_no_payload_is_told(
    secret: EventStore, way: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a row, nor in a letter, nor in a log, nor by the error of a drain."""
    caplog.set_level(logging.DEBUG, "sourcery")
    with pytest.raises(ConsumerFailed) as caught:
        subscriber(secret, way, name="stops", on_error=policy("stop", 1)).drain()
    subscriber(secret, way, on_error=policy("park", 1)).drain()
    Consumer(secret, NAME).retry()
    subscriber(secret, way, on_error=policy("park", 1)).drain()
    [letter] = letters(secret)
    told = [row_of(secret, "stops").error, str(letter), str(caught.value), caplog.text]
    assert (3, 4) == (letter.attempts, len([t for t in told if t]))
    assert SECRET not in "".join(map(str, told))


def test_it_says_which_error_it_was(secret: EventStore) -> None:
    """The class, the code and the constraint: enough to find it."""
    subscriber(secret, collide, on_error=policy("skip")).drain()
    [letter] = letters(secret)
    expected = {
        "postgresql": "UniqueViolation 23505 notes_text_key",
        "sqlite": "IntegrityError SQLITE_CONSTRAINT_UNIQUE notes.text",
        "mariadb": "IntegrityError 1062 text",
        "mysql": "IntegrityError 1062 text",
    }
    assert "IntegrityError" == letter.error_class
    assert expected[secret.engine.dialect.name] == letter.error


def test_the_log_names_the_event(secret: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """By id, position and kind, with the traceback of an error that quotes nothing."""
    [recorded] = secret.read(events=Remarked)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        raise Broken("this is what happened")

    subscriber(secret, handle, on_error=policy("skip", 1)).drain()
    [*warnings, error] = caplog.records
    for record in (*warnings, error):
        for fact in (NAME, str(recorded.event_id), "position 1", "remark.made"):
            assert fact in record.getMessage()
    assert [Broken, Broken] == [w.exc_info[0] for w in warnings if w.exc_info]


class Unprintable(Exception):
    """An error whose own text fails."""

    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_that_cannot_be_printed_is_an_error_like_others() -> None:
    """And so is one whose text no database stores, or a very long one."""
    assert "Unprintable" == str(described(Unprintable()))
    assert r"Broken: a\0b\udc80" == str(described(Broken("a\0b\udc80")))
    assert 1000 == len(described(Broken("x" * 10_000)).text)
