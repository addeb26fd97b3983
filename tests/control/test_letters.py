"""Dead letters from outside: listed, retried, dropped. Promise 25 as far as no worker is needed."""

from typing import Any

import pytest

from sourcery import EventStore, Letter, Stream
from sourcery.consumers import LetterStatus
from sourcery.errors import InvalidName, RequestRefused
from tests.control.support import deposits, given_up, registered
from tests.domain import ADA, BOB

BEHIND, PARKED = LetterStatus.BEHIND, LetterStatus.PARKED
DEAD, SKIPPED = LetterStatus.DEAD, LetterStatus.SKIPPED


@pytest.fixture
def parked(bank: EventStore) -> Any:
    """Ada's events 1 to 3 and Bob's 4 and 5, each stream behind its first event."""
    deposits(bank, ADA, 3)
    deposits(bank, BOB, 2)
    consumer = registered(bank, shards=3, position=5)
    for recorded in bank.read():
        status, error = (PARKED, "no") if recorded.version == 1 else (BEHIND, None)
        given_up(consumer, recorded, status, error)
    return consumer


def due(consumer: Any) -> list[int]:
    """Positions of the letters that a worker will try."""
    return [letter.position for letter in consumer.letters() if letter.next_attempt_at]


def test_letters_are_listed_by_reference(bank: EventStore) -> None:
    """With their key, error and times; in order of position."""
    deposits(bank, ADA, 2)
    [_, second] = bank.read(ADA)
    consumer = registered(bank)
    skipped = given_up(consumer, second, SKIPPED)
    assert [] == registered(bank, name="other").letters()
    [letter] = consumer.letters()
    assert skipped == letter
    assert (second.position, second.event_id) == (letter.position, letter.source_id)
    assert ("account/ada", "ValueError", "no") == (letter.key, letter.error_class, letter.error)


@pytest.mark.promise(25)
def test_all_keys_are_retried_from_their_heads(parked: Any) -> None:
    """What waits behind a head waits on, so that the order of the key survives."""
    assert 2 == parked.retry()
    assert [1, 4] == due(parked)


@pytest.mark.promise(25)
@pytest.mark.parametrize("named", ["stream", "text", "position"])
def test_one_key_is_retried(parked: Any, named: str) -> None:
    """By its stream, by the letter's key, or by the position of the head."""
    by: dict[str, dict[str, object]] = {
        "stream": {"key": BOB},
        "text": {"key": parked.letters()[-1].key},
        "position": {"position": 4},
    }
    assert 1 == parked.retry(**by[named])
    assert [4] == due(parked)


@pytest.mark.promise(25)
def test_a_letter_behind_another_is_not_retried(parked: Any) -> None:
    """It would overtake the head of its key, which the refusal names."""
    with pytest.raises(RequestRefused, match=r"position 3 waits behind the one at 1,"):
        parked.retry(position=3)
    assert [] == due(parked)


def test_nothing_to_retry(parked: Any) -> None:
    """A position or key without a letter is refused, all of no letters is none."""
    for named in ({"position": 7}, {"key": Stream("account", "eve")}, {"key": "account/eve"}):
        with pytest.raises(RequestRefused, match="there is no letter"):
            parked.retry(**named)
    assert 0 == registered(parked.store, name="other").retry()


@pytest.mark.promise(49)
@pytest.mark.parametrize("status", [DEAD, SKIPPED])
def test_rule_24_some_letters_are_kept_to_be_looked_at(
    bank: EventStore, status: LetterStatus
) -> None:
    """They close no key, and nothing can be done with them."""
    deposits(bank, ADA)
    consumer = registered(bank)
    letter = given_up(consumer, next(bank.read(ADA)), status)
    assert 0 == consumer.retry()
    for named in ({"position": 1}, {"key": ADA}):
        with pytest.raises(RequestRefused):
            consumer.retry(**named)
    with pytest.raises(RequestRefused, match=f"is {status}: kept to be looked at"):
        consumer.drop(1, "again")
    assert [letter] == consumer.letters()


@pytest.mark.promise(25)
def test_a_dropped_head_lets_the_next_of_its_key_through(parked: Any) -> None:
    """It is kept with the reason, and is no letter to retry any more."""
    parked.drop(1, "the account was closed")
    first, *_ = parked.letters()
    assert (DEAD, "the account was closed") == (first.status, first.error)
    assert [2] == due(parked)
    with pytest.raises(RequestRefused, match="position 1 is dead"):
        parked.retry(position=1)


@pytest.mark.promise(25)
def test_a_dropped_letter_from_the_middle_wakes_nobody(parked: Any) -> None:
    """The head of its key is still given up."""
    parked.drop(2, "of no use")
    assert [] == due(parked)
    assert [DEAD] == [letter.status for letter in parked.letters() if letter.position == 2]


def test_the_last_letter_of_a_key_can_be_dropped(parked: Any) -> None:
    """The key is open then."""
    for position in (4, 5):
        parked.drop(position, "of no use")
    assert [] == due(parked)
    with pytest.raises(RequestRefused, match="no letter of key 'account/bob'"):
        parked.retry(key=BOB)


@pytest.mark.parametrize("reason", ["", "a\0b", "\ud800", "x" * 1001])
def test_a_reason_must_be_storable(parked: Any, reason: str) -> None:
    """It is refused here, not in the worker that would store it."""
    with pytest.raises(InvalidName, match="reason"):
        parked.drop(1, reason)
    assert PARKED == parked.letters()[0].status


def test_keys_of_streams_differ_when_their_parts_do() -> None:
    """A slash in a category is not the one between category and id."""
    streams = [Stream("a/b", "c"), Stream("a", "b/c"), Stream("a%2Fb", "c"), Stream("a", "c")]
    assert len(streams) == len({stream.path for stream in streams})
    assert "account/ada" == ADA.path
    assert 900 >= len(Stream("/" * 100, "/" * 255).path)


def test_a_letter_is_a_plain_value(parked: Any) -> None:
    """Equal when it says the same."""
    first, again = parked.letters()[0], parked.letters()[0]
    assert isinstance(first, Letter)
    assert first == again
