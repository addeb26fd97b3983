"""Promise 29: waiting ends with the cause when the events will not be handled."""

import pytest

from sourcery import EventStore
from sourcery.consumers import LetterStatus
from sourcery.errors import (
    ConsumerFailed,
)
from tests.control.conftest import Background
from tests.control.support import (
    NAME,
    deposits,
    failed,
    given_up,
    registered,
)
from tests.domain import ADA, BOB

pytestmark = pytest.mark.promise(29)


def test_a_fault_before_it_ends_the_wait_at_once(bank: EventStore) -> None:
    """With the error of the event; one after it does not matter."""
    token = deposits(bank, ADA, 3)
    consumer = registered(bank)
    failed(consumer)
    with pytest.raises(ConsumerFailed) as failure:
        consumer.wait_for(token, timeout=60)
    assert (NAME, 0, "ValueError: no") == (
        failure.value.name,
        failure.value.shard,
        failure.value.cause,
    )
    later = registered(bank, name="later", position=3)
    failed(later)
    later.wait_for(token)


def test_a_fault_wakes_who_waits(bank: EventStore, background: Background) -> None:
    """It need not be there when the wait begins."""
    token = deposits(bank, ADA)
    consumer = registered(bank)
    waiting = background(consumer.wait_for, token, 60)
    failed(consumer)
    with pytest.raises(ConsumerFailed, match="ValueError: no"):
        waiting.result()


LETTERS = {
    LetterStatus.PARKED: "ValueError: no",
    LetterStatus.SKIPPED: "ValueError: no",
    LetterStatus.DEAD: "dropped: no",
}


@pytest.mark.promise(49)
@pytest.mark.parametrize("status", LETTERS)
def test_rule_16_an_event_that_was_given_up(bank: EventStore, status: LetterStatus) -> None:
    """The checkpoint is past it, but it was not handled."""
    deposits(bank, ADA)
    token = deposits(bank, BOB)
    consumer = registered(bank, position=2)
    given_up(consumer, next(bank.read(BOB)), status)
    with pytest.raises(ConsumerFailed) as failure:
        consumer.wait_for(token)
    assert (2, LETTERS[status]) == (failure.value.position, failure.value.cause)


@pytest.mark.promise(49)
def test_rule_16_an_event_that_waits_behind_another(bank: EventStore) -> None:
    """The cause is the head's."""
    before, token = deposits(bank, ADA), deposits(bank, ADA)
    first, second = bank.read(ADA)
    consumer = registered(bank, position=2)
    given_up(consumer, first)
    given_up(consumer, second, LetterStatus.BEHIND, None)
    cause = "waits behind position 1 of its key: ValueError: no"
    with pytest.raises(ConsumerFailed, match=cause):
        consumer.wait_for(token)
    consumer.drop(1, "of no use")
    with pytest.raises(ConsumerFailed, match="dropped: of no use"):
        consumer.wait_for(before)


@pytest.mark.promise(49)
def test_rule_16_letters_of_other_events_do_not_matter(bank: EventStore) -> None:
    """Of other streams between its events, of later ones, of another consumer."""
    token = deposits(bank, ADA, 2)
    deposits(bank, BOB)
    deposits(bank, ADA)
    consumer, other = registered(bank, position=4), registered(bank, name="other")
    given_up(consumer, next(bank.read(BOB)))
    given_up(consumer, next(bank.read(ADA, from_version=3)))
    given_up(other, next(bank.read(ADA)))
    consumer.wait_for(token)


@pytest.mark.promise(29)
def test_everything_until_now_is_not_handled_while_a_letter_waits(bank: EventStore) -> None:
    """Until somebody decides on it: then it is known to be left out."""
    deposits(bank, ADA, 2)
    consumer = registered(bank, position=2)
    given_up(consumer, next(bank.read(ADA)))
    with pytest.raises(ConsumerFailed) as failed:
        consumer.wait_for(bank.now())
    assert 1 == failed.value.position
    consumer.drop(1, "of no use")
    consumer.wait_for(bank.now())
