"""Promise 24: when the attempts are spent, the consumer stops visibly, or passes the event over."""

import logging
from typing import Any

import pytest

from sourcery import Consumer, EventStore, Recorded, UnitOfWork
from sourcery.consumers import Status
from sourcery.errors import ConsumerFailed
from sourcery.testing.conformance.domain import notes_stored
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.subscribers import (
    NAME,
    Broken,
    Fails,
    Seen,
    deposit,
    letter_facts,
    letters,
    policy,
    row_of,
    status_of,
    subscriber,
    write_note,
)
from sourcery.testing.conformance.support import wait_until

pytestmark: object = [pytest.mark.promise(24), pytest.mark.usefixtures("notes")]


def test_stop_stands_still_and_says_so(bank: EventStore) -> None:
    """In the row for others to see, and as an error that the handler's own is chained to."""
    deposit(bank, "ada", 3)
    with pytest.raises(ConsumerFailed) as caught:
        subscriber(bank, Fails(["ada 2"]), on_error=policy("stop", 1)).drain()
    error, row = caught.value, row_of(bank)
    assert (NAME, 0, 1, "Broken: ada 2") == (error.name, error.shard, error.position, error.cause)
    assert isinstance(error.__cause__, Broken)
    assert (Status.FAULTED, 1, 2) == (row.status, row.position, row.attempts)
    assert "Broken: ada 2" == row.error


def test_a_standstill_outlives_the_process(bank: EventStore) -> None:
    """Whatever is started anew says why at once, and handles nothing."""
    deposit(bank, "ada", 2)
    with pytest.raises(ConsumerFailed):
        subscriber(bank, Fails(["ada 1"]), on_error=policy("stop")).drain()
    seen = Seen()
    for call in (subscriber(bank, seen).drain, subscriber(bank, seen).run_once):
        with pytest.raises(ConsumerFailed, match="Broken: ada 1") as caught:
            call()
        assert caught.value.__cause__ is None
    assert ([], Status.FAULTED) == (seen.notes, row_of(bank).status)


def test_a_run_goes_on_when_it_is_told_to(bank: EventStore, running: Running) -> None:
    """It stands still without an end, until somebody resumes it from anywhere."""
    deposit(bank, "ada", 2)
    handler = Fails(["ada 1"], times=1)
    ended = running(subscriber(bank, handler, on_error=policy("stop")))
    wait_until(lambda: status_of(bank) is Status.FAULTED)
    assert ["ada 1"] == handler.notes
    Consumer(bank, NAME).resume()
    wait_until(lambda: notes_stored(bank) == ["ada 1", "ada 2"])
    assert not ended.done()


def test_a_standstill_is_logged_once(
    bank: EventStore, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attempt as a warning, the end as an error; then there is silence."""
    deposit(bank)
    running(subscriber(bank, Fails(["ada 1"]), on_error=policy("stop", 1), interval=0.001))
    wait_until(lambda: status_of(bank) is Status.FAULTED)
    ticked = row_of(bank).now
    wait_until(lambda: (row_of(bank).now - ticked).total_seconds() > 0.2)
    levels = [r.levelno for r in caplog.records if "position 1" in r.getMessage()]
    assert [logging.WARNING, logging.WARNING, logging.ERROR] == levels


def test_skip_passes_the_event_over_and_lists_it(bank: EventStore) -> None:
    """Later events of its stream are handled."""
    deposit(bank, "ada", 3)
    assert 2 == subscriber(bank, Fails(["ada 2"]), on_error=policy("skip", 1)).drain()
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    [letter] = letters(bank)
    assert (2, "skipped", 2) == (letter.position, letter.status.value, letter.attempts)
    assert ("Broken", "ada 2") == (letter.error_class, letter.error)
    recorded = next(r for r in bank.read() if r.position == 2)
    assert (recorded.event_id, "account/ada") == (letter.source_id, letter.key)


def test_park_lets_later_events_of_the_key_queue_behind(bank: EventStore) -> None:
    """In order, none of them seen by the handler, while other keys go on."""
    for stream_id in ("ada", "bob", "ada", "bob", "ada"):
        deposit(bank, stream_id)
    handler = Fails(["ada 1"])
    assert 2 == subscriber(bank, handler, on_error=policy("park", 1)).drain()
    assert ["bob 1", "bob 2"] == notes_stored(bank)
    assert [(1, "parked", 2), (3, "behind", 0), (5, "behind", 0)] == letter_facts(bank)
    assert (5, {"ada 1", "bob 1", "bob 2"}) == (row_of(bank).position, set(handler.notes))


def test_a_key_stays_closed_for_the_next_process(bank: EventStore) -> None:
    """The letters in the database close it."""
    deposit(bank)
    assert 0 == subscriber(bank, Fails(["ada 1"]), on_error=policy("park")).drain()
    deposit(bank, "ada", 2)
    deposit(bank, "bob")
    seen = Seen()
    assert 1 == subscriber(bank, seen).drain()
    assert (["bob 1"], 3) == (seen.notes, len(letters(bank)))


@pytest.mark.parametrize("options", [{}, {"batch": True}, {"effects": True}])
def test_events_queue_behind_in_every_way_of_handling(
    bank: EventStore, options: dict[str, Any]
) -> None:
    """One by one, in batches, as effects: a closed key is passed by."""
    for stream_id in ("ada", "bob", "ada", "bob"):
        deposit(bank, stream_id)
    seen: list[tuple[str, int]] = []

    def handle(*given: Any) -> None:
        events = given[-1] if isinstance(given[-1], list) else [given[-1]]
        seen.extend((r.stream.id, r.version) for r in events)
        if ("ada", 1) in seen[-len(events) :]:
            raise Broken

    consumer = subscriber(bank, handle, on_error=policy("park"), **options)
    assert 2 == consumer.drain()
    assert [("bob", 1), ("bob", 2)] == seen[-2:]
    assert [(1, "parked", 1), (3, "behind", 0)] == letter_facts(bank)


def test_the_letter_commits_with_the_checkpoint(bank: EventStore) -> None:
    """Neither is there without the other: the page of events that queue is rolled back whole."""
    deposit(bank)
    subscriber(bank, Fails(["ada 1"]), on_error=policy("park")).drain()
    deposit(bank, "ada", 2)
    deposit(bank, "bob")
    seen: list[tuple[int, int]] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        seen.append((len(letters(bank)), row_of(bank).position))
        raise Broken

    with pytest.raises(ConsumerFailed):
        subscriber(bank, handle, on_error=policy("stop")).drain()
    assert [(1, 1), (3, 3)] == seen
    assert (3, 3) == (len(letters(bank)), row_of(bank).position)


def test_a_shard_parks_its_own_keys_only(bank: EventStore) -> None:
    """Whichever shard a key is in, its letters are found again by that shard."""
    for _ in range(2):
        for stream_id in range(6):
            deposit(bank, stream_id)
    bad = [f"{n} 1" for n in range(0, 6, 2)]
    consumer = subscriber(bank, Fails(bad), shards=4, on_error=policy("park"))
    assert 6 == consumer.drain()
    assert {f"{n} {v}" for n in (1, 3, 5) for v in (1, 2)} == set(notes_stored(bank))
    assert ["behind"] * 3 + ["parked"] * 3 == sorted(x.status.value for x in letters(bank))
