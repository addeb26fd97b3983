"""What became of a message, and what waits in all."""

import pytest

from sourcery import (
    Consumer,
    EventStore,
    OutboxMessage,
    Relay,
    outbox_depth,
    outbox_message,
    outbox_messages,
)
from sourcery.errors import InvalidArgument
from tests.ordering.support import DEADLINE
from tests.relay.support import NAME, Broker, fails, policy, publish, relay


def states(found: list[OutboxMessage]) -> list[str]:
    """The state of each."""
    return [message.state.value for message in found]


@pytest.fixture
def mixed(store: EventStore) -> EventStore:
    """Of one topic a message of every state, by the one relay; of another topic two unread."""
    publish(store, [1, 2], key="parked")
    publish(store, [3], key="sent")
    publish(store, [4], key="dead")
    relay(store, Broker(fails([1, 4])), on_error=policy(retries=0)).drain(DEADLINE)
    consumer = Consumer(store, NAME)
    consumer.drop(consumer.letters()[-1].position, "not wanted")
    publish(store, [5], key="blocked")
    relay(store, Broker(fails([5])), on_error=policy(wait=1000.0)).run_once()
    publish(store, [6], key="skipped")
    relay(store, Broker(fails([6])), on_error=policy("skip", retries=0)).run_once()
    publish(store, [7], key="pending")
    publish(store, [8, 9], topic="unread")
    return store


ORDER = ["parked", "behind", "sent", "dead", "blocked", "skipped", "pending", "pending", "pending"]


def test_all_messages_are_told_in_order(mixed: EventStore) -> None:
    """With what became of each."""
    found = outbox_messages(mixed)
    assert (ORDER, sorted(m.position for m in found)) == (
        states(found),
        [m.position for m in found],
    )
    assert {NAME: "parked"} == found[0].relays
    assert ("number 1 is bad", "not wanted") == (found[0].error, found[3].error)
    assert {} == found[-1].relays


@pytest.mark.parametrize("state", sorted(set(ORDER)))
def test_messages_of_a_state_are_told(mixed: EventStore, state: str) -> None:
    """Of all topics, or of one."""
    assert [state] * ORDER.count(state) == states(outbox_messages(mixed, status=state))
    expected = 1 if state == "pending" else ORDER.count(state)
    assert expected == len(outbox_messages(mixed, status=state, topic="payments"))


def test_they_are_told_page_by_page(mixed: EventStore) -> None:
    """Go on after the last position."""
    first = outbox_messages(mixed, limit=4)
    rest = outbox_messages(mixed, after=first[-1].position)
    assert (4, ORDER) == (len(first), states(first + rest))
    assert [] == outbox_messages(mixed, limit=0)


def test_one_message_is_told_by_its_id(mixed: EventStore) -> None:
    """As UUID or text; None when it is not there."""
    message = outbox_messages(mixed, status="parked")[0]
    assert message == outbox_message(mixed, message.message_id)
    assert message == outbox_message(mixed, str(message.message_id))
    assert ("payments", "parked") == (message.topic, message.key)
    assert None is outbox_message(mixed, "0190a0b0-0000-7000-8000-000000000000")


def test_each_relay_has_its_say(store: EventStore) -> None:
    """Sent by one and not by the other; the most pressing state is the message's."""
    publish(store, [1])
    relay(store, Broker()).drain(DEADLINE)
    relay(store, Broker(fails([1])), name="audit", on_error=policy(retries=0)).drain(DEADLINE)
    [message] = outbox_messages(store)
    assert ({"audit:payments": "parked", NAME: "sent"}, "parked") == (message.relays, message.state)
    assert [message] == outbox_messages(store, status="sent")


def test_shards_count_by_their_own_checkpoint(store: EventStore) -> None:
    """What the shard of its key has passed is sent."""
    for number in range(20):
        publish(store, [number], key=number)
    relay(store, Broker(), shards=3, page=4).run_once()
    found = states(outbox_messages(store))
    assert (12, 8) == (found.count("sent"), found.count("pending"))


@pytest.mark.parametrize(
    "given", [{"status": "gone"}, {"limit": -1}, {"after": -1}, {"limit": True}]
)
def test_nonsense_is_refused(store: EventStore, given: dict[str, object]) -> None:
    """With what is known."""
    with pytest.raises(InvalidArgument):
        outbox_messages(store, **given)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        outbox_message(store, "not an id")


def test_the_depth_is_told_by_topic_and_relay(mixed: EventStore) -> None:
    """How many wait, since when, and how many failed."""
    payments, unread = outbox_depth(mixed)
    assert ("payments", NAME, 1, False) == (
        payments.topic,
        payments.relay,
        payments.pending,
        payments.at_least,
    )
    assert {"blocked": 1, "behind": 1, "parked": 1, "dead": 1, "skipped": 1} == payments.letters
    assert ("unread", None, 2) == (unread.topic, unread.relay, unread.pending)
    assert 0 < payments.oldest < 60


def test_nothing_waits_in_an_empty_outbox(store: EventStore) -> None:
    """Nor when all is sent."""
    assert ([], []) == (outbox_depth(store), outbox_messages(store))
    publish(store, [1])
    Relay(store, Broker()).drain(DEADLINE)
    [depth] = outbox_depth(store)
    assert (0, 0.0) == (depth.pending, depth.oldest)
