"""What errors and logs must not say: payloads and passwords."""

import logging
import traceback
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.errors import DecodeError, SourceryError
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import ADA, Deposited, Remarked, append

pytestmark: object = pytest.mark.promise(48)

SECRET = uuid4().hex
REMARKS = Stream("remark", 1)


def told(error: BaseException) -> str:
    """All that a log shows of an error and of those behind it."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


def conflict(store: EventStore) -> None:
    """A version conflict."""
    append(store, REMARKS, [Remarked(SECRET)], expected=3)


def repeat(store: EventStore) -> None:
    """Ids used for other content."""
    append(store, REMARKS, [Remarked(SECRET)], expected=0, event_ids=[UUID(int=1)])
    append(store, REMARKS, [Remarked(SECRET + "!")], expected=0, event_ids=[UUID(int=1)])


def unencodable(store: EventStore) -> None:
    """An event beside a value that JSON cannot hold."""
    append(store, REMARKS, [Remarked(SECRET, extra={SECRET: object()})])


def unencodable_text(store: EventStore) -> None:
    """A value that is secret and broken itself."""
    append(store, REMARKS, [Remarked(f"{SECRET}\ud800")])


def unencodable_message(store: EventStore) -> None:
    """A message."""
    with UnitOfWork(store) as uow:
        uow.publish("remarks", payload=[SECRET, float("nan")], headers={SECRET: SECRET})


def no_event(store: EventStore) -> None:
    """An object that is no event."""
    append(store, REMARKS, [SECRET])


def undecodable(store: EventStore) -> None:
    """A stored payload that no longer fits its class."""
    append(store, REMARKS, [Deposited(1)])
    data = f'{{"amount": "{SECRET}"}}'
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"update sourcery_events set data = '{data}'")
    list(store.read(REMARKS))


REFUSALS = [conflict, repeat, unencodable, unencodable_text, unencodable_message, no_event]


@pytest.mark.parametrize("refusal", [*REFUSALS, undecodable])
def test_no_refusal_tells_the_payload(
    bank: EventStore, refusal: Callable[[EventStore], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error nor our log."""
    with caplog.at_level(logging.DEBUG, "sourcery"), pytest.raises(SourceryError) as caught:
        refusal(bank)
    assert SECRET not in told(caught.value)
    assert SECRET not in caplog.text


def test_a_decode_error_names_the_event(bank: EventStore) -> None:
    """Id, position, kind, and the path in the payload."""
    with pytest.raises(DecodeError) as caught:
        undecodable(bank)
    said = str(caught.value)
    for part in ("account.deposited", "amount", "at position 1 ", str(caught.value.event_id)):
        assert part in said


@pytest.mark.parametrize("table", ["sourcery_events", "sourcery_outbox"])
def test_no_error_of_the_database_tells_the_payload(
    bank: EventStore, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver's error carries the parameters of the statement that failed: ours."""
    append(bank, ADA, [Deposited(1)])
    with bank.engine.begin() as connection:
        connection.exec_driver_sql(f"drop table {table}")
    with (
        caplog.at_level(logging.INFO, "sourcery"),
        pytest.raises(DBAPIError) as caught,
        UnitOfWork(bank) as uow,
    ):
        uow.append(REMARKS, [Remarked(SECRET)], expected=0)
        uow.publish("remarks", payload=SECRET.encode(), headers={"x": SECRET})
    assert SECRET not in told(caught.value)
    assert SECRET not in caplog.text


@pytest.mark.needs("writers")
def test_a_missing_schema_does_not_tell_the_password(empty_database: Database) -> None:
    """Neither does a server that is not there, nor the store itself."""
    absent = empty_database.url.set(password=SECRET, port=1)
    for url in (empty_database.url.set(password=SECRET), absent):
        store = EventStore(url.render_as_string(hide_password=False))
        with pytest.raises((SourceryError, DBAPIError)) as caught:
            store.settled()
        store.close()
        assert SECRET not in told(caught.value) + repr(store) + repr(store.engine)


def test_a_url_that_is_none_does_not_tell_the_password() -> None:
    """A slip in the URL must not put it into the log."""
    for url in (f"postgresql//ada:{SECRET}@host/bank", f"nobody://ada:{SECRET}@host/bank"):
        with pytest.raises(SourceryError) as caught:
            EventStore(url)
        assert SECRET not in told(caught.value)


def test_recorded_events_do_not_show_their_payload(bank: EventStore) -> None:
    """A recorded event in a log line is its place and kind."""
    append(bank, REMARKS, [Remarked(SECRET)])
    [found] = bank.read(REMARKS)
    assert SECRET not in repr(found)
    assert "remark.made" in repr(found)
