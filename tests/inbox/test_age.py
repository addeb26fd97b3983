"""Rule 35: what the inbox may have forgotten is refused, and nothing else is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from sourcery import EventStore, UnitOfWork, inbox, purge_inbox
from sourcery.dialects import Dialect
from sourcery.errors import InvalidArgument, MessageTooOld
from sourcery.ids import new_id
from tests.domain import Note, notes_stored
from tests.inbox.support import PAYMENTS, accepted, let_pass, remembered, rows_stored, uuid_of
from tests.ordering.support import wait_until

pytestmark = [pytest.mark.promise(43), pytest.mark.promise(49)]

DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    """So many days before now."""
    return datetime.now(UTC) - days * DAY


def test_rule_35_a_message_of_the_very_moment_of_the_mark_is_refused(bank: EventStore) -> None:
    """Its row may have been the last one that was removed."""
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    assert accepted(bank, "1", sent_at=soon)  # its row has exactly this time
    wait_until(lambda: purge_inbox(bank, older_than=timedelta(0)))
    with pytest.raises(MessageTooOld) as caught:
        accepted(bank, "1", sent_at=soon)
    assert soon == caught.value.forgotten_until


@contextmanager
def before_statement(engine: Engine, action: Callable[[], object], part: str) -> Iterator[None]:
    """Act once, right before the first statement that holds the part."""
    waiting = [action]

    def executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if waiting and part in statement:
            waiting.pop()()

    event.listen(engine, "before_cursor_execute", executing)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", executing)
    assert not waiting, f"no statement held {part}"


def test_rule_35_a_forgotten_repeat_is_refused(bank: EventStore) -> None:
    """It is not taken for new; the error says whose, which, and when."""
    sent = ago(9)
    assert accepted(bank, "1", sent_at=sent)
    let_pass(bank, 8 * DAY)
    assert 1 == purge_inbox(bank)
    with pytest.raises(MessageTooOld, match="payments") as caught:
        accepted(bank, "1", sent_at=sent)
    assert ("1", sent) == (caught.value.message_id, caught.value.sent_at)
    assert abs(caught.value.forgotten_until - ago(8)) < timedelta(minutes=5)
    assert [] == remembered(bank)


def test_rule_35_an_id_says_its_time_itself(bank: EventStore) -> None:
    """A UUIDv7, also as text, needs no `sent_at`."""
    old = uuid_of(ago(9))
    assert accepted(bank, old)
    let_pass(bank, 8 * DAY)
    purge_inbox(bank)
    for message_id in (old, str(old)):
        with pytest.raises(MessageTooOld):
            accepted(bank, message_id)
    assert accepted(bank, new_id())


def test_rule_35_a_time_that_is_given_counts_more(bank: EventStore) -> None:
    """The id may be of something else than the message."""
    assert accepted(bank, "before")
    let_pass(bank, 8 * DAY)
    purge_inbox(bank)
    assert accepted(bank, uuid_of(ago(9)), sent_at=ago(0))


def test_rule_35_the_unit_may_go_on(bank: EventStore) -> None:
    """A caller who takes the error leaves no trace of the id."""
    assert accepted(bank, "1", sent_at=ago(9))
    let_pass(bank, 8 * DAY)
    purge_inbox(bank)
    with UnitOfWork(bank) as uow:
        with pytest.raises(MessageTooOld):
            uow.accept(PAYMENTS, "1", sent_at=ago(9))
        uow.session.add(Note(text="put aside"))
    assert ([], ["put aside"]) == (remembered(bank), notes_stored(bank))


def test_rule_35_a_known_repeat_is_no_error_however_old(bank: EventStore) -> None:
    """Its row is there."""
    assert accepted(bank, "old", sent_at=ago(30))
    assert accepted(bank, "older")
    let_pass(bank, 8 * DAY, "older")
    purge_inbox(bank)
    assert not accepted(bank, "old", sent_at=ago(30))


def test_rule_35_a_consumer_that_was_away_accepts_its_backlog(bank: EventStore) -> None:
    """What was sent after its last message cannot have been forgotten, however old it is."""
    assert accepted(bank, "1", sent_at=ago(20))
    let_pass(bank, 19 * DAY)
    purge_inbox(bank)
    assert accepted(bank, "2", sent_at=ago(18))


def test_rule_35_one_consumer_forgets_for_itself(bank: EventStore) -> None:
    """The mark of another says nothing."""
    assert accepted(bank, "1", sent_at=ago(9))
    let_pass(bank, 8 * DAY)
    purge_inbox(bank)
    assert accepted(bank, "1", "mail", sent_at=ago(9))


def test_rule_35_without_a_purge_nothing_is_too_old(bank: EventStore) -> None:
    """All rows are there."""
    assert accepted(bank, "1", sent_at=datetime(1970, 1, 1, tzinfo=UTC))


def test_rule_35_without_a_time_the_forgotten_is_new(bank: EventStore) -> None:
    """As documented: nothing tells it from a new message."""
    assert accepted(bank, "1")
    let_pass(bank, 8 * DAY)
    purge_inbox(bank)
    assert accepted(bank, "1")


def test_rule_35_a_senders_clock_ahead_of_ours_doubles_nothing(bank: EventStore) -> None:
    """The row stays as long as the message says it is young."""
    tomorrow = ago(-1)
    assert accepted(bank, "1", sent_at=tomorrow)
    assert accepted(bank, "2")
    assert 1 == purge_inbox(bank, older_than=timedelta(0))
    assert not accepted(bank, "1", sent_at=tomorrow)


def mark_first(
    connection: Connection, dialect: Dialect, consumer: str, message_id: str, sent_at: datetime
) -> bool:
    """The order that is wrong: look at the mark, then write."""
    place = {"of_consumer": consumer, "of_message": message_id}
    times = dict(inbox._TIMES.run(connection, place).all())
    assert inbox.MARK not in times
    return inbox._insert(connection, dialect, place, None)


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("sound", [True, False])
def test_rule_35_a_purge_while_it_is_accepted_is_seen(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch, sound: bool
) -> None:
    """The mark is read after the row is written; the other way round the repeat is accepted."""
    assert accepted(bank, "1", sent_at=ago(9))
    let_pass(bank, 8 * DAY)
    if not sound:
        monkeypatch.setattr("sourcery.unit_of_work.accept", mark_first)
    with (
        UnitOfWork(bank) as uow,
        before_statement(bank.engine, lambda: purge_inbox(bank), "INTO sourcery_inbox"),
        nullcontext() if not sound else pytest.raises(MessageTooOld),
    ):
        assert uow.accept(PAYMENTS, "1", sent_at=ago(9))
    assert (not sound) == bool(remembered(bank))


@pytest.mark.parametrize("bad", [datetime(2026, 1, 1), "2026-01-01", 5])  # noqa: DTZ001 - naive
def test_a_time_without_a_zone_is_refused(bank: EventStore, bad: object) -> None:
    """It would be another time on another machine."""
    with pytest.raises(InvalidArgument, match="sent_at"):
        accepted(bank, "1", sent_at=bad)
    assert 0 == rows_stored(bank)


def test_hostile_ids_that_look_like_times_do_no_harm(bank: EventStore) -> None:
    """The last year that 48 bits hold is none of Python's."""
    ids = ["ffffffff-ffff-7fff-bfff-ffffffffffff", "zzzzzzzz-zzzz-7zzz-bzzz-zzzzzzzzzzzz"]
    assert [True, True] == [accepted(bank, id) for id in ids]
    assert [False, False] == [accepted(bank, id) for id in ids]
