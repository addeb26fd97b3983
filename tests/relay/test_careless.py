"""Publishers that do not keep to the contract, and programs that mix names up."""

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define

from sourcery import (
    EventStore,
    Outgoing,
    Recorded,
    Relay,
    Subscriber,
    UnitOfWork,
    outbox_messages,
)
from sourcery.errors import ConsumerMismatch, InvalidArgument
from sourcery.messages import Message, Publisher, Result
from tests.databases import Database
from tests.domain import Deposited, open_bank
from tests.relay.support import (
    Broker,
    letter_facts,
    policy,
    publish,
    relay,
    statuses,
)
from tests.subscriber.support import deposit, ignore

pytestmark = pytest.mark.promise(39)


@define(eq=False)
class Down(Broker):
    """Its connection is reset, as any library says it, and its probe knows why."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        if self.is_down:
            raise ConnectionResetError("by peer")
        return super().publish(batch)


def test_any_exception_of_a_broker_that_is_down_costs_no_attempt(store: EventStore) -> None:
    """Its probe decides, not the class of the exception."""
    publish(store, [1, 2])
    broker = Down(is_down=True)
    sender = relay(store, broker, on_error=policy(retries=0))
    for _ in range(3):
        sender.run_once()
    assert [] == statuses(store)
    broker.is_down = False
    sender.drain(20)
    assert [1, 2] == broker.numbers


class Sloppy(Publisher):
    """It gives back what the test says."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.timeout = 5.0

    def publish(self, batch: Sequence[Message]) -> Any:
        return [self.given] * len(batch)


@pytest.mark.parametrize("given", [True, None, "sent", Result("sent")])  # type: ignore[arg-type]
def test_what_is_no_result_is_a_failure_that_says_so(store: EventStore, given: Any) -> None:
    """The relay goes on."""
    publish(store, [1, 2])
    relay(store, Sloppy(given), on_error=policy(retries=0)).drain(20)
    assert [("payments/ada", "parked", 1), ("payments/ada", "behind", 0)] == letter_facts(store)
    [head, _] = outbox_messages(store)
    assert "that is no Result" in str(head)


class Emptying(Broker):
    """It uses its batch up."""

    def publish(self, batch: Any) -> Sequence[Result]:
        results = super().publish(list(batch))
        batch.clear()
        return results


def test_a_publisher_may_use_its_batch_up(store: EventStore) -> None:
    """It is given one of its own."""
    publish(store, [1, 2])
    broker = Emptying()
    relay(store, broker).drain(20)
    assert [1, 2] == broker.numbers


@pytest.mark.parametrize("timeout", [None, 0, -1, float("nan"), "5", True])
def test_a_timeout_is_a_number_of_seconds(store: EventStore, timeout: Any) -> None:
    """Refused when the relay is made."""
    broker = Broker(timeout=timeout)
    with pytest.raises(InvalidArgument, match="timeout must be a number of seconds"):
        Relay(store, broker).run_once()


def test_a_relay_of_events_shares_no_checkpoint(database: Database) -> None:
    """With a subscriber of the same name: one of them would miss what the other has passed."""

    def mapping(recorded: Recorded[Deposited]) -> Outgoing:
        return Outgoing("deposits", recorded.event)

    with open_bank(database) as bank:
        deposit(bank, "ada")
        Subscriber(bank, "receipts", ignore, events=Deposited).drain()
        sender = Relay.of_events(bank, Broker(), mapping, events=Deposited, name="receipts")
        with pytest.raises(ConsumerMismatch, match="relayed"):
            sender.drain(20)


def test_a_header_names_the_content_type_however_it_is_written(store: EventStore) -> None:
    """Or two of them would be sent."""
    with UnitOfWork(store) as uow:
        uow.publish("xml", payload=b"<a/>", headers={"Content-Type": "application/xml"})
    broker = Broker()
    relay(store, broker, topics=["xml"]).drain(20)
    [message] = broker.sent
    assert ("application/xml", {}) == (message.content_type, message.headers)


def test_no_line_of_the_log_is_forged(store: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """By what a broker says, or by a topic."""
    publish(store, [1])

    def refuse(message: Message) -> Result:
        raise ValueError("a\nCRITICAL b")

    broker = Broker(judge=refuse)
    relay(store, broker, on_error=policy(retries=0)).drain(20)
    assert all("\n" not in record.getMessage() for record in caplog.records)
