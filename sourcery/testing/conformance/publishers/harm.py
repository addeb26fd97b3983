"""A receiver that hangs or is killed: the results tell the truth, and the connection comes back."""

import time
from collections.abc import Callable, Sequence
from threading import Thread

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.testing.conformance.publishers import Site
from sourcery.testing.conformance.publishers.messages import (
    message,
    numbered,
    outcomes,
    publish_as_relays_do,
    unreached,
)

KILLS = 5


@pytest.fixture
def mortal(site: Site) -> Site:
    """A receiver that can be killed."""
    if not site.can_kill:
        pytest.skip("this site cannot kill its receiver")
    return site


@pytest.fixture
def freezable(site: Site) -> Site:
    """A receiver that can be stopped from answering."""
    if not site.can_freeze:
        pytest.skip("this site cannot freeze its receiver")
    return site


def test_a_receiver_that_hangs_costs_no_more_than_the_timeout(freezable: Site) -> None:
    """Nothing is said to be sent, and afterwards the same messages get through."""
    publisher = freezable.publisher(timeout=1.5)
    batch = numbered(freezable.topic(), 20, keys=20)
    publisher.publish(batch[:1])
    freezable.freeze()
    began = time.monotonic()
    try:
        results = publisher.publish(batch[1:])
    finally:
        took = time.monotonic() - began
        freezable.thaw()
    assert Outcome.SENT not in outcomes(results)
    assert Outcome.FAILED in outcomes(results)
    assert took < 1.5 + 0.3
    assert_all_get_through(freezable, publisher, batch)


@pytest.mark.promise(39)
def test_a_receiver_that_hangs_does_not_answer_the_probe(freezable: Site) -> None:
    """Though its machine still takes connections: what it does not acknowledge costs nothing."""
    publisher = freezable.publisher(timeout=1.5)
    publisher.probe()
    freezable.freeze()
    try:
        with pytest.raises(BrokerUnavailable):
            publisher.probe()
    finally:
        freezable.thaw()
    publisher.probe()


def test_a_receiver_that_was_restarted_is_found_again(mortal: Site, publisher: Publisher) -> None:
    """The connection that broke is opened anew, without a new publisher."""
    topic = mortal.topic()
    publisher.publish([message(topic, key="a")])
    mortal.kill()
    with pytest.raises(BrokerUnavailable):
        unreached(publisher)
    mortal.start()
    if not mortal.durable:
        topic = mortal.topic()
    assert_all_get_through(mortal, publisher, numbered(topic, 5))


@pytest.mark.promise(38)
def test_the_results_tell_the_truth_about_a_kill(mortal: Site) -> None:
    """Killed in the middle of a batch: what is said to be sent is there after a restart."""
    publisher = mortal.publisher(timeout=20)
    results: Sequence[Result] = []
    batch: list[Message] = []
    for attempt in range(1, KILLS + 1):  # until one of them comes in time
        topic = mortal.topic()
        batch = [message(topic, b"x" * 2000, key=f"k{n}") for n in range(5000 * attempt)]
        results = killed_while(mortal, publisher, batch)
        assert Outcome.REFUSED not in outcomes(results)
        sent = {str(m.message_id) for m, r in zip(batch, results, strict=True) if r == SENT}
        if mortal.durable:
            assert set() == sent - {r.message_id for r in mortal.received(topic, len(sent))}
        if Outcome.UNREACHED in outcomes(results):
            break
    if Outcome.UNREACHED not in outcomes(results):
        pytest.skip("every batch was through before its server was killed")
    again = batch[-10:] if mortal.durable else numbered(mortal.topic(), 10)
    assert_all_get_through(mortal, publisher, again)


@pytest.mark.promise(38)
def test_the_results_tell_the_truth_about_a_hang(freezable: Site) -> None:
    """Frozen in the middle of a batch: what is said to be sent is there when it runs on."""
    publisher = freezable.publisher(timeout=1.5)
    topic = freezable.topic()
    batch = [message(topic, b"x" * 2000, key=f"k{n}") for n in range(2000)]
    freezer = Thread(target=soon, args=(freezable, topic, freezable.freeze))
    freezer.start()
    try:
        results = publisher.publish(batch)
    finally:
        freezer.join()
        freezable.thaw()
    assert Outcome.REFUSED not in outcomes(results)
    sent = {str(m.message_id) for m, r in zip(batch, results, strict=True) if r == SENT}
    assert set() == sent - {r.message_id for r in freezable.received(topic, len(sent))}
    # What was sent before the hang is still being stored.
    assert_all_get_through(freezable, freezable.publisher(timeout=20), batch[-10:])


def killed_while(site: Site, publisher: Publisher, batch: list[Message]) -> Sequence[Result]:
    """Publish, and kill the receiver meanwhile; it runs again afterwards."""
    killer = Thread(target=soon, args=(site, batch[0].topic, site.kill))
    killer.start()
    try:
        return publisher.publish(batch)
    finally:
        killer.join()
        site.start()


def soon(site: Site, topic: str, harm: Callable[[], None]) -> None:
    """When the first have arrived."""
    deadline = time.monotonic() + 5
    while not site.count(topic) and time.monotonic() < deadline:
        pass  # to ask takes a moment
    harm()


def assert_all_get_through(site: Site, publisher: Publisher, batch: list[Message]) -> None:
    """At the second call at the latest, as a relay would make it."""
    results: list[Result] = []
    for _ in range(3):
        try:
            results = publish_as_relays_do(publisher, batch)
        except BrokerUnavailable:
            continue
        if set(results) == {SENT}:
            break
    assert [SENT] * len(batch) == results
    wanted = {str(m.message_id) for m in batch}
    got = site.received(batch[0].topic, len(batch))
    assert set() == wanted - {r.message_id for r in got}
