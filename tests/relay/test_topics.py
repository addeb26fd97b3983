"""Which topics a relay sends, and what it is told."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from sourcery import EventStore, Relay, consumer_health
from sourcery.errors import InvalidArgument, InvalidName, UseTheHandlersSession
from sourcery.schema import outbox
from tests.ordering.support import DEADLINE, wait_until
from tests.relay.conftest import Running
from tests.relay.support import Broker, has_rows, publish, relay


def test_each_topic_is_a_consumer_of_its_own(store: EventStore) -> None:
    """With a cursor of its own, from the origin."""
    for topic in ("payments", "mails"):
        publish(store, [1], topic=topic)
    broker = Broker()
    Relay(store, broker).drain(DEADLINE)
    assert ["relay:mails", "relay:payments"] == [health.name for health in consumer_health(store)]
    assert 2 == len(broker.sent)


def test_a_topic_that_is_not_named_is_left_alone(store: EventStore) -> None:
    """And loses nothing: it is sent when a relay names it."""
    publish(store, [1])
    publish(store, [2], topic="mails")
    broker = Broker()
    relay(store, broker).drain(DEADLINE)
    assert ([1], False) == (broker.numbers, has_rows(store, "relay:mails"))
    relay(store, broker, topics=["payments", "mails"]).drain(DEADLINE)
    assert [1, 2] == broker.numbers


def test_new_topics_are_found_while_it_runs(store: EventStore, running: Running) -> None:
    """By looking once a second."""
    broker = Broker()
    running(Relay(store, broker))
    publish(store, [1])
    wait_until(lambda: [1] == broker.numbers)
    publish(store, [2], topic="new")
    wait_until(lambda: [1, 2] == broker.numbers)


def test_an_empty_outbox_is_drained_at_once(store: EventStore) -> None:
    """There is nothing to wait for."""
    assert (0, 0) == (Relay(store, Broker()).drain(DEADLINE), Relay(store, Broker()).run_once())


def test_a_topic_whose_name_is_too_long_is_said_and_keeps_nobody(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """One of a release before: the name of its consumer could not be stored."""
    publish(store, [1], topic="t" * 150)
    with store.engine.begin() as connection:
        connection.execute(update(outbox).values(topic="t" * 198))
    publish(store, [2])
    broker = Broker()
    Relay(store, broker).drain(DEADLINE)
    assert [2] == broker.numbers
    assert "is not sent" in caplog.text


def test_every_topic_that_is_taken_can_be_sent(store: EventStore) -> None:
    """By a relay of the longest name; a longer topic is refused when it is published."""
    with pytest.raises(InvalidName, match="at most 150"):
        publish(store, [1], topic="t" * 151)
    with pytest.raises(InvalidName, match="at most 49"):
        Relay(store, Broker(), name="r" * 50)
    publish(store, [2], topic="t" * 150)
    broker = Broker()
    assert 1 == Relay(store, broker, name="r" * 49).drain(DEADLINE)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"topics": "payments"}, "takes several"),
        ({"topics": []}, "names none"),
        ({"topics": 5}, "several strings"),
        ({"name": "a:b"}, "comes between"),
        ({"shards": 0}, "shards"),
        ({"page": 0}, "page"),
        ({"on_error": "wait"}, "on_error"),
        ({"keep": 7}, "keep"),
        ({"keep": timedelta(-1)}, "keep"),
        ({"on_caught_up": 1}, "on_caught_up"),
    ],
)
def test_nonsense_is_refused(store: EventStore, options: dict[str, Any], match: str) -> None:
    """Before anything runs."""
    with pytest.raises(InvalidArgument, match=match):
        Relay(store, Broker(), **options)


@pytest.mark.parametrize(
    "options", [{"name": ""}, {"topics": ["t" * 201]}, {"topics": ["t" * 198]}]
)
def test_names_that_cannot_be_stored_are_refused(
    store: EventStore, options: dict[str, Any]
) -> None:
    """A name and a topic make a consumer's name."""
    with pytest.raises(InvalidName):
        Relay(store, Broker(), **options)


def test_a_publisher_is_one(store: EventStore) -> None:
    """A function is wrapped first."""
    function: Any = print
    with pytest.raises(InvalidArgument, match="publisher"):
        Relay(store, function)


def test_it_runs_once_at_a_time(store: EventStore, running: Running) -> None:
    """The publisher is for one thread."""
    broker = Broker()
    sender = relay(store, broker)
    running(sender)
    publish(store, [1])
    wait_until(lambda: broker.sent)
    with pytest.raises(InvalidArgument, match="runs already"):
        sender.run_once()


def test_it_does_not_run_inside_a_handler(bank: EventStore) -> None:
    """It would wait for the handler's own transaction."""
    from sourcery import Recorded, Subscriber, UnitOfWork
    from tests.domain import ADA, AnyEvent, Remarked, append

    raised: list[BaseException] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        try:
            relay(bank, Broker()).run_once()
        except UseTheHandlersSession as error:
            raised.append(error)

    append(bank, ADA, [Remarked("x")])
    Subscriber(bank, "s", handle, events=AnyEvent).run_once()
    assert 1 == len(raised)
