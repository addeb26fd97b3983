"""What holds for every publisher, proved with a real receiver on the other side."""

import time
from collections.abc import Callable, Sequence
from threading import Thread

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from tests.publishers.messages import (
    SOURCE,
    WRITTEN,
    message,
    numbered,
    publish_as_relays_do,
    unreached,
)
from tests.publishers.messages import outcomes as outcomes_of
from tests.publishers.sites import SITES, Site


@pytest.fixture(params=list(SITES))
def site_name(request: pytest.FixtureRequest) -> str:
    """Each of them in turn."""
    return str(request.param)


KILLS = 5
PAYLOADS = [b"", b'{"a": 1}', bytes(range(256)), b"\0" * 10, b"\xff\x00" * 450_000]


@pytest.mark.parametrize("payload", PAYLOADS, ids=["empty", "json", "bytes", "nul", "900kB"])
def test_a_message_arrives_as_it_is(site: Site, publisher: Publisher, payload: bytes) -> None:
    """Id, key, payload, headers and content type are the same on the other side."""
    headers = {"x-plain": "1 two", "x-far": 'Zoë 東京 "%" \N{SNOWMAN}'}
    sent = message(site.topic(), payload, key="Zoë/1", headers=headers, content_type="text/x; a=b")
    assert [SENT] == list(publisher.publish([sent]))
    (got,) = site.received(sent.topic, 1)
    assert (str(sent.message_id), "Zoë/1") == (got.message_id, got.key)
    assert (payload, headers, "text/x; a=b") == (got.payload, dict(got.headers), got.content_type)


def test_a_message_is_a_cloudevent(site: Site, publisher: Publisher) -> None:
    """The SDK of CloudEvents reads its attributes out of what was received."""
    names = {"correlation_id": "req-7", "causation_id": "c-1", "traceparent": "00-ab-cd-01"}
    sent = message(site.topic(), b'{"a":1}', key="k ö", headers=names | {"ce-type": "a.b/ö"})
    publisher.publish([sent])
    event = site.received(sent.topic, 1)[0].event
    assert (str(sent.message_id), SOURCE, "a.b/ö") == (
        event.get_id(), event.get_source(), event.get_type(),
    )  # fmt: skip
    assert ("1.0", "k ö", WRITTEN) == (
        event.get_specversion(), event.get_subject(), event.get_time(),
    )  # fmt: skip
    assert ("application/json", {"a": 1}) == (event.get_datacontenttype(), event.get_data())
    extensions = [event.get_extension(n) for n in ("correlationid", "causationid", "traceparent")]
    assert list(names.values()) == extensions


def test_the_type_is_the_topic(site: Site, publisher: Publisher) -> None:
    """Unless a header says otherwise; without a key there is no subject."""
    sent = message(site.topic())
    publisher.publish([sent])
    event = site.received(sent.topic, 1)[0].event
    assert (sent.topic, None) == (event.get_type(), event.get_subject())


@pytest.mark.promise(38)
def test_the_messages_of_a_key_arrive_in_order(site: Site, publisher: Publisher) -> None:
    """Sent as a relay sends them: in waves, unless the publisher keeps the order itself."""
    batch = numbered(site.topic(), 200, keys=20)
    assert [SENT] * 200 == publish_as_relays_do(publisher, batch)
    got = site.received(batch[0].topic, 200)
    for key in {m.key for m in batch}:
        expected = [m.payload for m in batch if m.key == key]
        assert expected == [r.payload for r in got if r.key == key]
    assert 200 == len(got)


def test_a_batch_without_keys_arrives_whole(site: Site, publisher: Publisher) -> None:
    """Once each."""
    topic = site.topic()
    batch = [message(topic, b"%d" % n) for n in range(100)]
    assert [SENT] * 100 == list(publisher.publish(batch))
    got = site.received(topic, 100)
    assert sorted(str(m.message_id) for m in batch) == sorted(r.message_id for r in got)


def test_an_empty_batch_is_nothing(publisher: Publisher) -> None:
    """No results."""
    assert [] == list(publisher.publish([]))


def test_nobody_there_is_unavailable_at_once(site: Site) -> None:
    """The first publish and the probe say so, and the password is in neither."""
    publisher = site.to(site.nowhere())
    began = time.monotonic()
    for call in (lambda: unreached(publisher), publisher.probe):
        with pytest.raises(BrokerUnavailable) as caught:
            call()
        assert "127.0.0.1" in str(caught.value)
        assert "pa55word" not in str(caught.value)
    assert time.monotonic() - began < 2 * publisher.timeout


def test_a_probe_sends_nothing(site: Site, publisher: Publisher) -> None:
    """It returns when the receiver answers."""
    topic = site.topic()
    publisher.probe()
    publisher.publish([message(topic)])
    publisher.probe()
    assert 1 == len(site.received(topic, 1))


def test_a_closed_publisher_opens_again(site: Site, publisher: Publisher) -> None:
    """Closing twice, or before anything was opened, is fine."""
    topic = site.topic()
    publisher.close()
    for _ in range(2):
        assert [SENT] == list(publisher.publish([message(topic)]))
        publisher.close()
        publisher.close()
    assert 2 == len(site.received(topic, 2))


def test_a_receiver_that_hangs_costs_no_more_than_the_timeout(site: Site) -> None:
    """Nothing is said to be sent, and afterwards the same messages get through."""
    publisher = site.publisher(timeout=1.5)
    batch = numbered(site.topic(), 20, keys=20)
    publisher.publish(batch[:1])
    site.freeze()
    began = time.monotonic()
    try:
        results = publisher.publish(batch[1:])
    finally:
        took = time.monotonic() - began
        site.thaw()
    assert Outcome.SENT not in outcomes_of(results)
    assert Outcome.FAILED in outcomes_of(results)
    assert took < 1.5 + 0.3
    assert_all_get_through(site, publisher, batch)


@pytest.mark.promise(39)
def test_a_receiver_that_hangs_does_not_answer_the_probe(site: Site) -> None:
    """Though its machine still takes connections: what it does not acknowledge costs nothing."""
    publisher = site.publisher(timeout=1.5)
    publisher.probe()
    site.freeze()
    try:
        with pytest.raises(BrokerUnavailable):
            publisher.probe()
    finally:
        site.thaw()
    publisher.probe()


def test_a_receiver_that_was_restarted_is_found_again(site: Site, publisher: Publisher) -> None:
    """The connection that broke is opened anew, without a new publisher."""
    topic = site.topic()
    publisher.publish([message(topic, key="a")])
    site.kill()
    with pytest.raises(BrokerUnavailable):
        unreached(publisher)
    site.start()
    if not site.durable:
        topic = site.topic()
    assert_all_get_through(site, publisher, numbered(topic, 5))


@pytest.mark.promise(38)
def test_the_results_tell_the_truth_about_a_kill(site: Site) -> None:
    """Killed in the middle of a batch: what is said to be sent is there after a restart."""
    publisher = site.publisher(timeout=20)
    for attempt in range(1, KILLS + 1):  # until one of them comes in time
        topic = site.topic()
        batch = [message(topic, b"x" * 2000, key=f"k{n}") for n in range(5000 * attempt)]
        results = killed_while(site, publisher, batch)
        assert Outcome.REFUSED not in outcomes_of(results)
        sent = {str(m.message_id) for m, r in zip(batch, results, strict=True) if r == SENT}
        if site.durable:
            assert set() == sent - {r.message_id for r in site.received(topic, len(sent))}
        if Outcome.UNREACHED in outcomes_of(results):
            break
    if Outcome.UNREACHED not in outcomes_of(results):
        pytest.skip("every batch was through before its server was killed")
    again = batch[-10:] if site.durable else numbered(site.topic(), 10)
    assert_all_get_through(site, publisher, again)


@pytest.mark.promise(38)
def test_the_results_tell_the_truth_about_a_hang(site: Site) -> None:
    """Frozen in the middle of a batch: what is said to be sent is there when it runs on."""
    publisher = site.publisher(timeout=1.5)
    topic = site.topic()
    batch = [message(topic, b"x" * 2000, key=f"k{n}") for n in range(2000)]
    freezer = Thread(target=soon, args=(site, topic, site.freeze))
    freezer.start()
    try:
        results = publisher.publish(batch)
    finally:
        freezer.join()
        site.thaw()
    assert Outcome.REFUSED not in outcomes_of(results)
    sent = {str(m.message_id) for m, r in zip(batch, results, strict=True) if r == SENT}
    assert set() == sent - {r.message_id for r in site.received(topic, len(sent))}
    # What was sent before the hang is still being stored.
    assert_all_get_through(site, site.publisher(timeout=20), batch[-10:])


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
    results = []
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
