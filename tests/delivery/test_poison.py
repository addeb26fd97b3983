"""One message in a hundred that the broker does not take, until somebody changes its settings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from sourcery import Consumer, ErrorPolicy, EventStore, Relay, UnitOfWork
from sourcery.consumers import Letter
from sourcery.publishers import publisher_for
from tests.brokers.rabbitmq import RabbitMQ
from tests.delivery.target import BrokerTarget
from tests.publishers.sites import NatsSite

MESSAGES, KEYS = 600, 60
#: Of a hundred messages, the one that is too large.
POISON: Final = 77
DEADLINE: Final = 60.0
Options = Mapping[str, Any]


def kafka(target: BrokerTarget) -> tuple[int, Options, Callable[[], Options]]:
    """The publisher's own limit; who raises it begins the relay anew."""
    return 20_000, {"max_bytes": 10_000}, lambda: {"max_bytes": 100_000}


def nats(target: BrokerTarget) -> tuple[int, Options, Callable[[], Options]]:
    """The stream's limit."""
    assert isinstance(target.site, NatsSite)
    site = target.site

    def limit(size: int) -> Options:
        async def update(stream: Any) -> None:
            config = (await stream.stream_info(target.topic)).config
            await stream.update_stream(config.evolve(max_msg_size=size))

        site.ask(update)
        return {}

    return 20_000, limit(10_000), lambda: limit(100_000)


def rabbitmq(target: BrokerTarget) -> tuple[int, Options, Callable[[], Options]]:
    """The server's limit. It closes the channel, and does not say for which message."""
    broker = target.site.broker
    assert isinstance(broker, RabbitMQ)

    def limit(size: int) -> Options:
        broker.control("eval", f"application:set_env(rabbit, max_message_size, {size}).")
        return {}

    return 20_000, limit(10_000), lambda: limit(2_000_000)


LIMITS = {"kafka": kafka, "nats": nats, "rabbitmq": rabbitmq}


def written(store: EventStore, topic: str, size: int) -> dict[str, list[int]]:
    """Messages of which some are larger than a limit; their numbers by key."""
    with UnitOfWork(store) as uow:
        for number in range(MESSAGES):
            payload = {"n": number, "x": "x" * (size if number % 100 == POISON else 0)}
            uow.publish(topic, key=f"k{number % KEYS}", payload=payload)
    return {f"k{key}": list(range(key, MESSAGES, KEYS)) for key in range(KEYS)}


def send_all(store: EventStore, target: BrokerTarget, options: Options) -> None:
    """Until nothing is left that can be sent."""
    publisher = publisher_for(target.with_options(timeout=10, **options))
    policy = ErrorPolicy("park", retries=1, wait=0.001, longest_wait=0.001)
    Relay(store, publisher, topics=[target.topic], on_error=policy).drain(DEADLINE)


def flowing(committed: dict[str, list[int]]) -> dict[str, list[int]]:
    """What is before the first poison of its key."""
    poisoned = range(POISON, MESSAGES, 100)
    flows = {k: [n for n in ns if not any(p in ns and p <= n for p in poisoned)]
             for k, ns in committed.items()}  # fmt: skip
    return {key: numbers for key, numbers in flows.items() if numbers}


def assert_letters_say_why(letters: list[Letter]) -> None:
    """The first of each key is parked with its error, the others wait behind it."""
    keys = {letter.key for letter in letters}
    heads = [next(letter for letter in letters if letter.key == key) for key in keys]
    assert {"parked"} == {head.status.value for head in heads}
    assert all(head.error for head in heads)
    assert len(letters) - len(heads) == [x.status.value for x in letters].count("behind")


@pytest.mark.promise(39)
@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("broker_name", list(LIMITS))
def test_a_poison_message_in_a_hundred_stops_its_keys_alone(
    store: EventStore, broker_name: str, target: BrokerTarget
) -> None:
    """Letters hold the error; when the limit was raised, a retry delivers them in order."""
    size, options, raise_limit = LIMITS[broker_name](target)
    committed = written(store, target.topic, size)
    send_all(store, target, options)
    expected, consumer = flowing(committed), Consumer(store, f"relay:{target.topic}")
    assert {} == target.account().faults(expected)
    letters = consumer.letters()
    assert MESSAGES - sum(map(len, expected.values())) == len(letters)
    assert_letters_say_why(letters)
    options = raise_limit()
    assert len({letter.key for letter in letters}) == consumer.retry()
    send_all(store, target, options)
    assert {} == target.account().faults(committed)
    assert [] == consumer.letters()
