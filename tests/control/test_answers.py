"""A request to a consumer that runs: the worker obeys between pages, and answers."""

from typing import Any

import pytest
from sqlalchemy import Connection

from sourcery import EventStore
from sourcery.consumers import Request, ask, requests, rows_of
from sourcery.consumers.rows import Status
from sourcery.errors import RequestRefused, RequestUnanswered
from tests.control.conftest import Background
from tests.control.support import (
    MOMENT,
    NAME,
    deposits,
    moved,
    obeyed,
    owned,
    page,
    positions,
    registered,
    rows,
    statuses,
    write,
)
from tests.domain import ADA
from tests.ordering.support import wait_until


def asked(consumer: Any, *, shards: int = 1) -> bool:
    """Whether so many shards have a request."""
    return shards == sum(row.request is not None for row in rows(consumer))


def test_the_owner_obeys_not_the_one_who_asks(bank: EventStore, background: Background) -> None:
    """The call returns when it has."""
    consumer = registered(bank)
    lease = owned(consumer)
    pausing = background(consumer.pause)
    wait_until(lambda: asked(consumer))
    assert not pausing.done()
    assert ["catching_up"] == statuses(consumer)
    obeyed(consumer, lease)
    pausing.result()
    assert (["paused"], [lease.epoch]) == (statuses(consumer), [r.epoch for r in rows(consumer)])


def test_all_shards_are_asked_in_one_transaction(bank: EventStore, background: Background) -> None:
    """Those that nobody runs obey at once, the call waits for the others."""
    consumer = registered(bank, shards=3)
    lease = owned(consumer, shard=1)
    pausing = background(consumer.pause)
    wait_until(lambda: ["paused", "catching_up", "paused"] == statuses(consumer))
    assert [1, 1, 1] == [row.request_number for row in rows(consumer)]
    obeyed(consumer, lease)
    pausing.result()


def test_a_request_that_is_not_obeyed_stays(bank: EventStore) -> None:
    """It is obeyed late; asking for something else waits for it, and says so."""
    consumer = registered(bank)
    lease = owned(consumer)
    with pytest.raises(RequestUnanswered) as unanswered:
        consumer.pause(timeout=MOMENT)
    assert (NAME, "pause", MOMENT) == (
        unanswered.value.name,
        unanswered.value.request,
        unanswered.value.seconds,
    )
    with pytest.raises(RequestRefused, match="'pause', which was asked before"):
        consumer.resume(timeout=MOMENT)
    obeyed(consumer, lease)
    assert ["paused"] == statuses(consumer)


def test_one_request_follows_another(bank: EventStore, background: Background) -> None:
    """The later one is written when the earlier is obeyed, and both are answered."""
    deposits(bank, ADA, 4)
    consumer = registered(bank)
    lease = owned(consumer)
    first = background(consumer.skip, 3)
    wait_until(lambda: asked(consumer))
    second = background(consumer.rewind, 2)
    for _ in range(2):
        wait_until(lambda: asked(consumer))
        obeyed(consumer, lease)
    assert (3, 2) == (first.result(), second.result())
    assert [2] == positions(consumer)


def test_everybody_gets_the_own_answer(bank: EventStore, background: Background) -> None:
    """Of many who ask at once, each the number that its own request counted."""
    deposits(bank, ADA, 16)
    consumer = registered(bank)
    skips = [background(consumer.skip, target, 20) for target in (4, 8, 12, 16)]
    counts: list[int] = []
    for skip in skips:
        try:
            counts.append(skip.result())
        except RequestRefused:
            counts.append(0)
    assert (16, [16]) == (sum(counts), positions(consumer))


def test_answers_are_kept_for_who_looks_late(bank: EventStore) -> None:
    """Others may have asked meanwhile; not for ever."""
    consumer = registered(bank)
    for _ in range(5):
        consumer.pause()
        consumer.resume()
    [row] = rows(consumer)
    assert list(range(3, 11)) == [answer.number for answer in requests.answers_of(row)]


def test_a_refusal_names_the_shards(bank: EventStore, background: Background) -> None:
    """What the worker cannot do changes nothing, and the request is gone."""
    deposits(bank, ADA, 2)
    consumer = registered(bank)
    lease = owned(consumer)
    skipping = background(consumer.skip, 5)
    wait_until(lambda: asked(consumer))
    assert "position 5 is not settled yet, 2 is" == obeyed(consumer, lease).refused
    with pytest.raises(RequestRefused, match="refused 'skip': shard 0: position 5 is not settled"):
        skipping.result()
    assert ([0], [None]) == (positions(consumer), [row.request for row in rows(consumer)])


def test_a_request_of_a_later_release_is_refused(bank: EventStore) -> None:
    """The worker goes on."""
    consumer = registered(bank)
    lease = owned(consumer)
    write(bank, lambda c: ask(c, rows(consumer)[0], Request(what="dance")))
    assert "does not know" in str(obeyed(consumer, lease).refused)


def test_an_owner_whose_lease_ran_out_is_not_waited_for(bank: EventStore) -> None:
    """Nor for those who asked it before: what they asked comes first."""
    deposits(bank, ADA, 2)
    consumer = registered(bank)
    moved(consumer, 2)
    write(bank, lambda c: ask(c, rows(consumer)[0], Request(what=requests.PAUSE)))
    consumer.rewind(1)
    assert (["paused"], [1]) == (statuses(consumer), positions(consumer))


@pytest.mark.databases("postgresql", "mariadb")
def test_a_frozen_owner_is_ended(bank: EventStore, background: Background) -> None:
    """It holds a lock on the row for longer than its lease; steering does not wait for it."""
    consumer = registered(bank)
    database = bank.database
    with database.connect_to_write() as frozen:
        with frozen.begin():
            mark = database.dialect.backend_mark(frozen)
        owned(consumer, seconds=-1, mark=mark)
        frozen.begin()
        frozen.exec_driver_sql("update sourcery_consumers set attempts = 1")
        consumer.pause()
        frozen.invalidate()
    assert [Status.PAUSED] == [row.status for row in rows(consumer)]


def test_a_lock_is_waited_for_no_longer_than_the_timeout(bank: EventStore) -> None:
    """Here of somebody who writes, and cannot be ended."""
    consumer = registered(bank)
    with bank.database.connect_to_write() as other, other.begin():
        other.exec_driver_sql("update sourcery_consumers set attempts = 1")
        with pytest.raises(RequestRefused, match="locked by another transaction"):
            consumer.pause(timeout=MOMENT)
    consumer.pause()
    assert ["paused"] == statuses(consumer)


@pytest.mark.promise(49)
def test_rule_23_a_page_does_not_overwrite_a_pause(bank: EventStore) -> None:
    """Asked while a page is open on another connection, which commits later."""
    deposits(bank, ADA, 2)
    consumer = registered(bank)
    lease = owned(consumer)
    before = rows(consumer)[0]
    with pytest.raises(RequestUnanswered):
        consumer.pause(timeout=MOMENT)
    page(consumer, lease, before.position, 2)
    assert (True, [2]) == (asked(consumer), positions(consumer))
    obeyed(consumer, lease)
    page(consumer, lease, 2, 2)
    assert ["paused"] == statuses(consumer)


@pytest.mark.promise(49)
def test_rule_23_a_request_that_comes_while_another_is_obeyed_stays(bank: EventStore) -> None:
    """The owner clears the number it saw, no other."""
    consumer = registered(bank)
    lease = owned(consumer)
    dialect = bank.database.dialect

    def cross(connection: Connection) -> None:
        seen = rows_of(connection, dialect, NAME)[0]
        assert 1 == ask(connection, seen, Request(what=requests.PAUSE))
        assert not requests.answer(connection, lease, requests.Answer(number=0))
        assert requests.answer(connection, lease, requests.Answer(number=1))
        assert ask(connection, seen, Request(what=requests.RESUME)) is None
        seen = rows_of(connection, dialect, NAME)[0]
        assert 2 == ask(connection, seen, Request(what=requests.RESUME))
        assert not requests.answer(connection, lease, requests.Answer(number=1))

    write(bank, cross)
    assert asked(consumer)
