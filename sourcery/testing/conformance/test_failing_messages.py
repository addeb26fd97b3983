"""A message that fails blocks its key alone, and is given up by the policy: promise 39."""

from collections.abc import Callable
from typing import Any

import pytest

from sourcery import Consumer, EventStore
from sourcery.errors import ConsumerFailed, MessageRefused, RetryTransaction, WaitTimeout
from sourcery.messages import Message, Outcome, Result
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.relays import (
    NAME,
    Broker,
    Ordered,
    fails,
    letter_facts,
    number_of,
    policy,
    publish,
    relay,
    row_of,
    statuses,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until
from sourcery.worker.checkpoints import Checkpoints

pytestmark: object = pytest.mark.promise(39)

NEVER = 1000.0
BROKERS = pytest.mark.parametrize("make", [Broker, Ordered])
Make = Callable[..., Broker]


@BROKERS
def test_a_failing_key_blocks_itself_alone(store: EventStore, make: Make) -> None:
    """Its later messages wait behind it; all other keys have flowed meanwhile."""
    for key in ("ada", "bob", "eve"):
        publish(store, [1, 2, 3] if key == "bob" else [11, 12, 13], key=key)
    broker = make(fails([1]))
    relay(store, broker, on_error=policy(wait=NEVER)).run_once()
    assert ([11, 12, 13], [], [11, 12, 13]) == tuple(map(broker.numbers_of, ["ada", "bob", "eve"]))
    assert ["blocked", "behind", "behind"] == statuses(store)


def test_later_pages_queue_behind_the_letter(store: EventStore) -> None:
    """What comes while the key is blocked is not sent either."""
    publish(store, [1])
    sender = relay(store, Broker(fails([1])), on_error=policy(wait=NEVER))
    sender.run_once()
    publish(store, [2])
    sender.run_once()
    key = "payments/ada"
    assert [(key, "blocked", 1), (key, "behind", 0)] == letter_facts(store)


@BROKERS
def test_when_the_head_leaves_the_next_follow_in_order(store: EventStore, make: Make) -> None:
    """Each at once, and then those that are live."""
    publish(store, [1, 2, 3])
    broker = make(fails([1], times=2))
    sender = relay(store, broker, page=2)
    assert 3 == sender.drain(DEADLINE)
    publish(store, [4])
    assert (1, [1, 2, 3, 4]) == (sender.drain(DEADLINE), broker.numbers)
    assert [] == statuses(store)


def test_a_drain_that_is_too_late_says_what_waits(store: EventStore) -> None:
    """The checkpoint is at the end, since a letter waits behind it."""
    publish(store, [1])
    sender = relay(store, Broker(fails([1])), on_error=policy(wait=NEVER))
    with pytest.raises(WaitTimeout, match="1 that failed wait to be tried again"):
        sender.drain(0.1)


def test_the_waits_grow(store: EventStore) -> None:
    """The attempts and the next one's time are stored."""
    publish(store, [1])
    sender = relay(store, Broker(fails([1])), on_error=policy(wait=NEVER))
    sender.run_once()
    [letter] = Consumer(store, NAME).letters()
    assert letter.next_attempt_at is not None
    waits = (letter.next_attempt_at - letter.last_at).total_seconds()
    assert (1, True) == (letter.attempts, 0.7 * NEVER < waits < 1.3 * NEVER)


def test_attempts_spent_parks_by_default(store: EventStore) -> None:
    """The first and so many more; then it waits for somebody, with its error."""
    publish(store, [1, 2], key="ada")
    publish(store, [3], key="bob")
    broker = Broker(fails([1]))
    relay(store, broker, on_error=policy(retries=3)).drain(DEADLINE)
    [letter, behind] = Consumer(store, NAME).letters()
    assert (4, 4, None) == (broker.attempts(1), letter.attempts, letter.next_attempt_at)
    assert ("parked", "behind") == (letter.status, behind.status)
    assert ("Failed", "number 1 is bad") == (letter.error_class, letter.error)
    assert [3] == broker.numbers


def test_attempts_spent_may_skip(store: EventStore) -> None:
    """The message is listed, and the next of its key follows."""
    publish(store, [1, 2, 3])
    broker = Broker(fails([1]))
    relay(store, broker, on_error=policy("skip", retries=1)).drain(DEADLINE)
    assert ([2, 3], ["skipped"]) == (broker.numbers, statuses(store))


def test_attempts_spent_may_stop(store: EventStore) -> None:
    """The shard stands still, and says why, until it is resumed."""
    publish(store, [1, 2])
    broker = Broker(fails([1], times=2))
    sender = relay(store, broker, on_error=policy("stop", retries=1))
    with pytest.raises(ConsumerFailed, match="number 1 is bad"):
        sender.drain(DEADLINE)
    assert ("faulted", ["parked", "behind"]) == (row_of(store).status, statuses(store))
    consumer = Consumer(store, NAME)
    consumer.resume()
    consumer.retry()
    assert (2, [1, 2]) == (sender.drain(DEADLINE), broker.numbers)


@BROKERS
@pytest.mark.parametrize(("then", "sent"), [("park", [3]), ("skip", [2, 3])])
def test_a_refused_message_is_given_up_at_once(
    store: EventStore, make: Make, then: str, sent: list[int]
) -> None:
    """It costs no further attempt; its key stays closed, unless the policy is to skip."""
    publish(store, [1, 2], key="ada")
    publish(store, [3], key="bob")
    broker = make(fails([1], outcome=Outcome.REFUSED))
    relay(store, broker, on_error=policy(then)).drain(DEADLINE)
    assert (1, sent) == (broker.attempts(1), sorted(broker.numbers))
    expected = ["parked", "behind"] if then == "park" else ["skipped"]
    assert expected == statuses(store)


def test_a_refused_message_may_stop_the_shard(store: EventStore) -> None:
    """At once."""
    publish(store, [1, 2])
    sender = relay(store, Broker(fails([1], outcome=Outcome.REFUSED)), on_error=policy("stop"))
    with pytest.raises(ConsumerFailed, match="number 1 is bad"):
        sender.run_once()
    assert ("faulted", ["parked", "behind"]) == (row_of(store).status, statuses(store))


def test_poison_in_a_hundred_keeps_nobody_else(store: EventStore) -> None:
    """Only its keys wait; a retry sends them in order."""
    for number in range(300):
        publish(store, [number], key=f"k{number % 50}")
    bad, broker = [7, 107, 207], Broker()
    broker.judge = fails(bad)
    relay(store, broker, on_error=policy(retries=1)).drain(DEADLINE)
    closed = {f"k{number % 50}" for number in bad}
    assert 300 - 6 * len(closed) == len([m for m in broker.sent if m.key not in closed])
    broker.judge = fails([])
    Consumer(store, NAME).retry()
    relay(store, broker).drain(DEADLINE)
    for key in range(50):
        assert list(range(key, 300, 50)) == broker.numbers_of(f"k{key}")


class Raises(Broker):
    """One whose own bug raises for a whole batch."""

    def publish(self, batch: Any) -> Any:
        """Nobody can say which message it was."""
        if 2 in [number_of(message) for message in batch]:
            self.batches.append(list(batch))
            raise ValueError("a bug")
        return super().publish(batch)


def test_an_exception_is_charged_to_the_message_that_causes_it(store: EventStore) -> None:
    """The page is sent again one by one."""
    for number in range(5):
        publish(store, [number], key=number)
    broker = Raises()
    relay(store, broker, on_error=policy(wait=NEVER)).run_once()
    assert ([0, 1, 3, 4], [("payments/2", "blocked", 1)]) == (broker.numbers, letter_facts(store))


def test_a_wrong_number_of_results_is_an_error(store: EventStore) -> None:
    """A publisher that answers for none has sent none."""

    class Silent(Broker):
        def publish(self, batch: Any) -> Any:
            return []

    publish(store, [1])
    relay(store, Silent(), on_error=policy(wait=NEVER)).run_once()
    [letter] = Consumer(store, NAME).letters()
    assert "the publisher gave 0 results for one message" == letter.error


def test_a_raised_refusal_is_one(store: EventStore) -> None:
    """`MessageRefused` from a batch of one."""

    class Refusing(Broker):
        def publish(self, batch: Any) -> Any:
            raise MessageRefused("too large")

    publish(store, [1])
    relay(store, Refusing()).run_once()
    [letter] = Consumer(store, NAME).letters()
    assert ("parked", "Refused", "too large") == (letter.status, letter.error_class, letter.error)


def test_live_messages_flow_again_when_the_last_letter_is_gone(
    store: EventStore, running: Running
) -> None:
    """In order, though they came while it was blocked."""
    bad = [True]

    def judge(message: Message) -> Result:
        if number_of(message) == 0 and bad:
            return Result(Outcome.FAILED, "not yet")
        return Result(Outcome.SENT)

    broker = Broker(judge)
    publish(store, [0])
    running(relay(store, broker, on_error=policy(retries=1_000_000, wait=0.01)))
    wait_until(lambda: broker.attempts(0) > 2)
    for number in range(1, 30):
        publish(store, [number])
        if number == 15:
            bad.clear()
    wait_until(lambda: len(broker.sent) == 30)
    assert list(range(30)) == broker.numbers


def test_the_log_names_no_payload(store: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """Id, topic and position, and what the broker said."""
    publish(store, [424242], key="ada")
    relay(
        store, Broker(lambda _: Result(Outcome.FAILED, "no")), on_error=policy(wait=1.0)
    ).run_once()
    assert "failed, attempt 1, and is blocked: no" in caplog.text
    assert "424242" not in caplog.text


def test_a_write_that_the_database_refuses_sends_nothing_twice(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock, say: the page is written again, and what the broker has is remembered."""
    publish(store, [1, 2, 3], key=None)
    left = [RetryTransaction("a deadlock")]

    def refuse(self: Checkpoints, *given: Any) -> None:
        if left:
            raise left.pop()
        advance(self, *given)

    advance = Checkpoints.advance
    monkeypatch.setattr(Checkpoints, "advance", refuse)
    broker = Broker()
    assert (3, [1, 2, 3]) == (relay(store, broker).drain(DEADLINE), broker.numbers)
