"""A broker that is out of reach costs no attempts: promise 39, rule 34."""

from collections.abc import Sequence
from typing import Any

import pytest

from sourcery import Consumer, EventStore
from sourcery.errors import BrokerUnavailable, WaitTimeout
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.relay import circuit
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.relays import (
    NAME,
    Broker,
    Ordered,
    letter_facts,
    number_of,
    policy,
    publish,
    relay,
    row_of,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until

pytestmark: object = pytest.mark.promise(39)
NEVER = 1000.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe at once, as far as a test is concerned."""
    monkeypatch.setattr(circuit, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(circuit, "LONGEST_WAIT", 0.02)


def test_an_outage_burns_no_attempts(store: EventStore, running: Running) -> None:
    """The shard says so, probes, and goes on where it was when the broker answers."""
    for number in range(30):
        publish(store, [number], key=number % 3)
    broker = Broker(is_down=True)
    running(relay(store, broker))
    wait_until(lambda: broker.probes > 3)
    row = row_of(store)
    assert ("retrying", 0, 0) == (row.status, row.attempts, row.position)
    assert "the broker is unreachable: the test's broker" in (row.error or "")
    assert row.next_attempt_at is not None
    broker.is_down = False
    wait_until(lambda: len(broker.sent) == 30)
    wait_until(lambda: row_of(store).status == "live")
    assert (None, []) == (row_of(store).error, letter_facts(store))


def test_health_says_that_it_waits_for_the_broker(store: EventStore, running: Running) -> None:
    """With how much waits, and since when."""
    publish(store, range(7))
    broker = Broker(is_down=True)
    running(relay(store, broker))
    wait_until(lambda: broker.probes > 1)
    [shard] = Consumer(store, NAME).health().shards
    assert ("retrying", 7) == (shard.state, shard.events_behind)
    assert shard.seconds_behind > 0


def test_a_blocked_letter_costs_nothing_in_an_outage(store: EventStore, running: Running) -> None:
    """Its attempts are those at which the broker was there."""
    broker = Broker(lambda _: Result(Outcome.FAILED, "no"))
    publish(store, [1])
    running(relay(store, broker, on_error=policy(retries=1_000_000, wait=0.01)))
    wait_until(lambda: broker.attempts(1) > 2)
    broker.is_down = True
    wait_until(lambda: row_of(store).status == "retrying")
    before, probes = letter_facts(store), broker.probes
    wait_until(lambda: broker.probes > probes + 5)
    assert before == letter_facts(store)
    broker.judge, broker.is_down = lambda _: SENT, False
    wait_until(lambda: [] == letter_facts(store))


def test_a_drain_waits_for_the_broker_as_long_as_it_is_told(store: EventStore) -> None:
    """Nothing is lost by its end."""
    publish(store, [1])
    broker = Broker(is_down=True)
    with pytest.raises(WaitTimeout):
        relay(store, broker).drain(0.1)
    broker.is_down = False
    assert (1, [1]) == (relay(store, broker).drain(DEADLINE), broker.numbers)


class Hanging(Broker):
    """One that takes messages and acknowledges none while it is down, as a frozen server does."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """Without a word."""
        if self.is_down:
            self.batches.append(list(batch))
            return [Result(Outcome.FAILED, "no acknowledgement in time")] * len(batch)
        return super().publish(batch)


def test_what_a_broker_that_hangs_did_not_acknowledge_is_not_charged(
    store: EventStore, running: Running
) -> None:
    """A failure counts when the broker answers the probe."""
    publish(store, [1, 2, 3], key=None)
    broker = Hanging(is_down=True)
    running(relay(store, broker))
    wait_until(lambda: broker.probes > 3)
    assert (0, []) == (row_of(store).attempts, letter_facts(store))
    broker.is_down = False
    wait_until(lambda: [1, 2, 3] == broker.numbers)


class Breaking(Broker):
    """One that closes the connection at a message that is too large, whatever comes with it."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """All that is not acknowledged by then is unreached."""
        numbers = [number_of(message) for message in batch]
        if 3 in numbers:
            self.batches.append(list(batch))
            at = 0 if self.is_pipelined else numbers.index(3)
            done = list(super().publish(batch[:at])) if at else []
            return done + [Result(Outcome.UNREACHED, "connection reset")] * (len(batch) - at)
        return super().publish(batch)

    is_pipelined = True


@pytest.mark.promise(49)
@pytest.mark.parametrize("pipelined", [True, False])
def test_rule_34_a_message_that_breaks_the_connection_is_charged(
    store: EventStore, pipelined: bool
) -> None:
    """The probe is good and the page breaks again: one by one, and that one is blocked."""
    for number in range(6):
        publish(store, [number], key=number)
    broker = Breaking()
    broker.is_pipelined = pipelined
    sender = relay(store, broker, on_error=policy(retries=1))
    assert 5 == sender.drain(DEADLINE)
    assert [0, 1, 2, 4, 5] == sorted(broker.numbers)
    [letter] = Consumer(store, NAME).letters()
    assert ("parked", 2, "payments/3") == (letter.status, letter.attempts, letter.key)
    assert "it breaks the connection: connection reset" == letter.error


@pytest.mark.promise(49)
def test_rule_34_without_it_such_a_message_is_probed_for_ever(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: nothing else gets past it."""
    monkeypatch.setattr(circuit.Circuit, "answers", lambda self: False)
    publish(store, [3], key="ada")
    publish(store, [4], key="bob")
    with pytest.raises(WaitTimeout):
        relay(store, Breaking()).drain(0.3)
    assert [] == letter_facts(store)


def test_a_publisher_without_a_probe_is_tried_with_its_messages(
    store: EventStore, running: Running
) -> None:
    """Only sending can tell, and it costs nothing either."""
    tried: list[int] = []
    is_up: list[bool] = []

    class Plain(Publisher):
        timeout = 5.0

        def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
            tried.append(len(batch))
            if not is_up:
                raise BrokerUnavailable("somebody", "gone")
            return [SENT] * len(batch)

    publish(store, [1, 2], key=None)
    running(relay(store, Plain()))
    wait_until(lambda: len(tried) > 4)
    assert ([2] * 4, []) == (tried[:4], letter_facts(store))
    is_up.append(True)
    wait_until(lambda: row_of(store).status == "live")


def test_what_was_sent_before_a_break_is_not_sent_again(store: EventStore) -> None:
    """As long as the shard is ours, the relay remembers it."""
    broken: list[int] = []

    def judge(message: Message) -> Result:
        number = number_of(message)
        if number >= 2 and len(broken) < 3:
            broken.append(number)
            return Result(Outcome.UNREACHED, "cut")
        return SENT

    for number in [2, 1, 3, 0, 4]:
        publish(store, [number], key=number)
    broker = Ordered(judge)
    relay(store, broker).drain(DEADLINE)
    assert [1, 1, 1, 1, 1] == [broker.numbers.count(number) for number in range(5)]


def test_what_overtook_a_message_that_breaks_is_not_sent_again(store: EventStore) -> None:
    """Neither when the page is sent once more, nor one by one."""

    def judge(message: Message) -> Result:
        return Result(Outcome.UNREACHED, "cut") if number_of(message) == 1 else SENT

    for number in range(5):
        publish(store, [number], key=number)
    broker = Ordered(judge)
    relay(store, broker, on_error=policy(retries=0)).drain(DEADLINE)
    assert ([0, 2, 3, 4], [("payments/1", "parked", 1)]) == (broker.numbers, letter_facts(store))


def test_an_outage_of_one_shard_is_one_of_all(store: EventStore, running: Running) -> None:
    """They share the broker: one probe at a time, not one for each."""
    for number in range(40):
        publish(store, [number], key=number)
    broker = Broker(is_down=True)
    running(relay(store, broker, shards=4))
    wait_until(lambda: broker.probes > 3)
    assert 1 == len(broker.batches)
    broker.is_down = False
    wait_until(lambda: len(broker.sent) == 40)


def test_the_waits_between_probes_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """From half a second, twice as long each time, to half a minute; anew after a success."""
    monkeypatch.setattr(circuit, "FIRST_WAIT", 0.5)
    monkeypatch.setattr(circuit, "LONGEST_WAIT", 30.0)
    monkeypatch.setattr(circuit.random, "uniform", lambda *_: 1.0)
    found = circuit.Circuit(Broker(is_down=True))
    waits: list[Any] = []
    for _ in range(8):
        found.open("gone")
        waits.append(round(found.wait, 1))
    found.got_through()
    found.open("gone")
    assert [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] == waits
    assert 0.5 == round(found.wait, 1)
