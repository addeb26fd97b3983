"""Any function as a publisher: what it raises is the result."""

import threading
from typing import Any

import pytest

from sourcery.errors import BrokerUnavailable, InvalidArgument, MessageRefused
from sourcery.messages import SENT, Message, Outcome
from sourcery.publishers import CallablePublisher
from sourcery.testing.conformance.publishers.messages import message, numbered, outcomes

SENT_, FAILED, REFUSED, UNREACHED = Outcome


def raising(error: Exception, *, at: int) -> tuple[CallablePublisher, list[bytes]]:
    """A publisher whose function fails once, and the payloads of its other calls."""
    seen: list[bytes] = []

    def function(sent: Message) -> None:
        if sent.payload == b"%d" % at:
            raise error
        seen.append(sent.payload)

    return CallablePublisher(function), seen


def test_the_function_gets_the_message() -> None:
    """In the order of the batch, and what it gives back is not used."""
    seen: list[Message] = []
    batch = numbered("t", 3)
    assert [SENT] * 3 == CallablePublisher(seen.append).publish(batch)
    assert batch == seen


@pytest.mark.promise(38)
@pytest.mark.parametrize("error", [ValueError("no"), MessageRefused("no")])
def test_after_a_failure_nothing_later_of_its_key_is_sent(error: Exception) -> None:
    """Messages of other keys, and of none, are."""
    publisher, seen = raising(error, at=1)
    batch = [*numbered("t", 6, keys=2), message("t", b"6")]
    first = REFUSED if isinstance(error, MessageRefused) else FAILED
    expected = [SENT_, first, SENT_, FAILED, SENT_, FAILED, SENT_]
    assert expected == outcomes(publisher.publish(batch))
    assert [b"0", b"2", b"4", b"6"] == seen


def test_a_key_of_another_topic_is_another_key() -> None:
    """Order is kept per topic and key."""
    publisher, _ = raising(ValueError(), at=0)
    batch = [message("t", b"0", key="k"), message("u", b"1", key="k")]
    assert [FAILED, SENT_] == outcomes(publisher.publish(batch))


def test_a_failure_says_why() -> None:
    """Class and text, as they are stored with a dead letter."""
    publisher, _ = raising(ValueError("too late"), at=0)
    (result,) = publisher.publish(numbered("t", 1))
    assert "ValueError: too late" == result.error


def test_when_nothing_can_be_sent_nothing_more_is_tried() -> None:
    """What was sent before is sent; the rest costs no attempt."""
    publisher, seen = raising(BrokerUnavailable("it", "down"), at=2)
    assert [SENT_, SENT_, UNREACHED, UNREACHED] == outcomes(
        publisher.publish(numbered("t", 4, keys=4))
    )
    assert [b"0", b"1"] == seen


async def later(sent: Message) -> None:
    """Sends nothing, since nobody awaits it."""


@pytest.mark.parametrize("function", [later, None, lambda: None])
def test_a_function_that_could_send_nothing_is_refused(function: Any) -> None:
    """Where it is given; its messages would count as sent."""
    with pytest.raises(InvalidArgument, match="function: must "):
        CallablePublisher(function)


def test_what_should_be_awaited_is_not_sent() -> None:
    """As an adapter to an async client would give it back."""

    def sends(sent: Message) -> Any:
        return later(sent)

    (result,) = CallablePublisher(sends).publish(numbered("t", 1))
    assert (FAILED, True) == (result.outcome, "awaitable" in str(result.error))


def test_after_its_time_nothing_more_is_begun() -> None:
    """What was not tried costs no attempt."""
    publisher = CallablePublisher(lambda sent: threading.Event().wait(0.05), timeout=0.02)
    assert [SENT_, UNREACHED] == outcomes(publisher.publish(numbered("t", 2, keys=2)))
