"""Steering a consumer that nobody runs: what is asked for is done at once."""

from datetime import timedelta

import pytest

from sourcery import NOW, ORIGIN, Consumer, EventStore
from sourcery.consumers import ConsumerRow
from sourcery.consumers.rows import Status
from sourcery.errors import ConsumerNotFound, InvalidArgument, RequestRefused
from tests.control.support import (
    NAME,
    deposits,
    failed,
    given_up,
    moved,
    of_shard,
    owned,
    positions,
    registered,
    rows,
    statuses,
)
from tests.databases import Database
from tests.domain import ADA, BOB, Opened, append, open_bank
from tests.ordering.support import late_floor


def test_a_name_that_never_ran(bank: EventStore) -> None:
    """There is nothing to steer."""
    with pytest.raises(ConsumerNotFound) as refused:
        Consumer(bank, NAME).pause()
    assert NAME == refused.value.name


def test_a_pause_outlives_workers_until_it_is_resumed(bank: EventStore) -> None:
    """Of all shards, whoever claims them."""
    consumer = registered(bank, shards=2)
    consumer.pause()
    owned(consumer, seconds=-1)
    assert ["paused", "paused"] == statuses(consumer)
    consumer.resume()
    assert ["stopped", "stopped"] == statuses(consumer)


def test_nobody_has_a_lease_afterwards(bank: EventStore) -> None:
    """A worker may come at once; one of before finds its epoch gone."""
    consumer = registered(bank)
    before = owned(consumer, seconds=-1)
    consumer.pause()
    [row] = rows(consumer)
    assert (None, None, before.epoch + 1) == (row.owner, row.lease_until, row.epoch)


def attempts(row: ConsumerRow) -> tuple[object, ...]:
    """What is stored of attempts at the event after the checkpoint."""
    return row.status, row.attempts, row.error, row.next_attempt_at


@pytest.mark.parametrize("status", [Status.FAULTED, Status.RETRYING])
def test_resume_ends_a_fault(bank: EventStore, status: Status) -> None:
    """The event that failed is tried at once, with no attempts behind it."""
    consumer = registered(bank)
    failed(consumer, status)
    consumer.resume()
    assert (Status.STOPPED, 0, None, None) == attempts(rows(consumer)[0])


def test_a_pause_keeps_the_error_to_be_seen(bank: EventStore) -> None:
    """It halts what is faulted, too."""
    consumer = registered(bank)
    failed(consumer)
    consumer.pause()
    assert (Status.PAUSED, 6, "ValueError: no") == attempts(rows(consumer)[0])[:3]


@pytest.mark.promise(49)
def test_rule_25_a_rewind_deletes_the_letters_above_it(bank: EventStore) -> None:
    """Their events come again; those at or below stay, and so do another consumer's."""
    deposits(bank, ADA, 6)
    consumer, other = registered(bank), registered(bank, name="other")
    for recorded in bank.read(ADA, from_version=2):
        given_up(consumer, recorded)
        given_up(other, recorded)
    moved(consumer, 6)
    assert 3 == consumer.rewind(3)
    assert [3] == positions(consumer)
    assert [2, 3] == [letter.position for letter in consumer.letters()]
    assert 5 == len(other.letters())


@pytest.mark.promise(49)
def test_rule_25_a_rewind_never_goes_forward(bank: EventStore) -> None:
    """Shards that are not so far stay where they are, with their faults."""
    deposits(bank, ADA, 6)
    consumer = registered(bank, shards=2)
    moved(consumer, 6, shard=1)
    failed(consumer, shard=0)
    consumer.rewind(4)
    assert [0, 4] == positions(consumer)
    assert ["faulted", "stopped"] == statuses(consumer)


def test_a_rewind_to_a_time_or_the_origin(imported: EventStore) -> None:
    """A time is the first event recorded at or after it."""
    consumer = registered(imported, position=3)
    *_, last = imported.read(ADA)
    assert 2 == consumer.rewind(last.recorded_at)
    assert 0 == consumer.rewind(ORIGIN)
    assert [0] == positions(consumer)


def test_a_rewind_beyond_the_log_is_refused(bank: EventStore) -> None:
    """A position that nobody was given yet is a mistake; the last one is not."""
    deposits(bank, ADA, 6)
    consumer = registered(bank, position=3)
    with pytest.raises(
        RequestRefused, match="position 7 is beyond the log, whose last one is 6"
    ) as refused:
        consumer.rewind(7)
    assert (NAME, "rewind") == (refused.value.name, refused.value.request)
    assert (6, [3]) == (consumer.rewind(6), positions(consumer))


@pytest.mark.databases("postgresql")
@pytest.mark.promise(13)
def test_rule_2_a_rewind_may_go_to_what_was_settled_once(
    bank: EventStore, database: Database
) -> None:
    """A late writer makes another process see a settled position that is lower."""
    deposits(bank, ADA, 6)
    registered(bank, position=6)
    with late_floor(bank), open_bank(database) as other:
        assert 0 == other.settled()
        assert 4 == Consumer(other, NAME).rewind(4)
        assert [4] == positions(Consumer(other, NAME))


@pytest.mark.parametrize("way", ["rewind", "skip"])
@pytest.mark.parametrize("to", [-1, "now", None])
def test_what_is_no_place_is_named_as_it_is_called(bank: EventStore, way: str, to: object) -> None:
    """The argument is `to`."""
    with pytest.raises(InvalidArgument) as refused:
        getattr(registered(bank), way)(to)
    assert "to" == refused.value.argument


@pytest.mark.parametrize("way", ["rewind", "skip"])
def test_leaving_its_event_ends_a_fault_but_not_a_pause(bank: EventStore, way: str) -> None:
    """What comes next is another event, or comes again from the start."""
    deposits(bank, ADA, 6)
    to = {"rewind": 1, "skip": 5}[way]
    faulted, paused = registered(bank, position=3), registered(bank, position=3, name="paused")
    failed(faulted)
    failed(paused)
    paused.pause()
    for consumer in (faulted, paused):
        getattr(consumer, way)(to)
        assert [to] == positions(consumer)
    assert (Status.STOPPED, 0, None, None) == attempts(rows(faulted)[0])
    assert (Status.PAUSED, 0, None, None) == attempts(rows(paused)[0])


@pytest.mark.promise(49)
def test_rule_25_a_skip_says_how_many_events_it_passes(bank: EventStore) -> None:
    """Of its kinds, in its shards, up to there."""
    append(bank, ADA, [Opened("ada")])
    deposits(bank, ADA, 3)
    append(bank, BOB, [Opened("bob")])
    consumer = registered(bank, shards=3, events=Opened)
    assert 1 == consumer.skip(4)
    assert 1 == consumer.skip(NOW)
    assert [5, 5, 5] == positions(consumer)


def test_a_skip_to_a_time(imported: EventStore) -> None:
    """The first event recorded at or after it is handled."""
    consumer = registered(imported)
    *_, last = imported.read(ADA)
    assert 2 == consumer.skip(last.recorded_at)
    assert [2] == positions(consumer)
    assert 1 == consumer.skip(last.recorded_at + timedelta(days=1))


def test_a_skip_goes_forward_only(bank: EventStore) -> None:
    """Going back is a rewind, which repeats events: it has another name."""
    deposits(bank, ADA, 6)
    consumer = registered(bank, shards=2, position=3)
    for target in (2, 3):
        with pytest.raises(RequestRefused, match="rewind"):
            consumer.skip(target)
    moved(consumer, 6, shard=1)
    assert [3, 6] == sorted(positions(consumer))
    consumer.skip(5)
    assert [5, 6] == sorted(positions(consumer))


def test_a_skip_stops_at_what_is_settled(bank: EventStore) -> None:
    """Events that are not there yet were never meant."""
    deposits(bank, of_shard(0, 2), 6)
    consumer = registered(bank, shards=2)
    with pytest.raises(RequestRefused, match="position 7 is not settled yet, 6 is") as refused:
        consumer.skip(7)
    assert (NAME, "skip") == (refused.value.name, refused.value.request)
    assert [0, 0] == positions(consumer)
