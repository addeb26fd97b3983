"""What arrives: every message as it is, in order per key, or nothing is said to be sent."""

import time
from typing import Any

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Publisher
from sourcery.testing.conformance.publishers import Site
from sourcery.testing.conformance.publishers.messages import (
    SOURCE,
    WRITTEN,
    message,
    numbered,
    publish_as_relays_do,
    unreached,
)
from sourcery.testing.conformance.publishers.site import PASSWORD

PAYLOADS = [b"", b'{"a": 1}', bytes(range(256)), b"\0" * 10, b"\xff\x00" * 450_000]


@pytest.fixture
def publisher(site: Site) -> Publisher:
    """One with the usual settings."""
    return site.publisher()


def attributes_of(site: Site, topic: str) -> Any:
    """Those of the one message that arrived."""
    (got,) = site.received(topic, 1)
    if got.attributes is None:
        pytest.skip("its messages are no CloudEvents")
    return got.attributes


@pytest.mark.parametrize("payload", PAYLOADS, ids=["empty", "json", "bytes", "nul", "900kB"])
def test_a_message_arrives_as_it_is(site: Site, publisher: Publisher, payload: bytes) -> None:
    """Id, key, payload, headers and content type are the same on the other side."""
    headers = {"x-plain": "1 two", "x-far": 'Zoë 東京 "%" \N{SNOWMAN}'}
    sent = message(site.topic(), payload, key="Zoë/1", headers=headers, content_type="text/x; a=b")
    assert list(publisher.publish([sent])) == [SENT]
    (got,) = site.received(sent.topic, 1)
    assert (str(sent.message_id), "Zoë/1") == (got.message_id, got.key)
    assert (payload, headers, "text/x; a=b") == (got.payload, dict(got.headers), got.content_type)


def test_a_message_is_a_cloudevent(site: Site, publisher: Publisher) -> None:
    """Its attributes are read out of what was received."""
    names = {"correlation_id": "req-7", "causation_id": "c-1", "traceparent": "00-ab-cd-01"}
    sent = message(site.topic(), b'{"a":1}', key="k ö", headers=names | {"ce-type": "a.b/ö"})
    publisher.publish([sent])
    found = attributes_of(site, sent.topic)
    expected: dict[str, object] = {
        "specversion": "1.0",
        "id": str(sent.message_id),
        "source": SOURCE,
        "type": "a.b/ö",
        "subject": "k ö",
        "time": WRITTEN,
        "datacontenttype": "application/json",
        "correlationid": "req-7",
        "causationid": "c-1",
        "traceparent": "00-ab-cd-01",
    }
    assert expected == {name: found.get(name) for name in expected}


def test_the_type_is_the_topic(site: Site, publisher: Publisher) -> None:
    """Unless a header says otherwise; without a key there is no subject."""
    sent = message(site.topic())
    publisher.publish([sent])
    found = attributes_of(site, sent.topic)
    assert (sent.topic, None) == (found["type"], found.get("subject"))


@pytest.mark.promise(38)
def test_the_messages_of_a_key_arrive_in_order(site: Site, publisher: Publisher) -> None:
    """Sent as a relay sends them: in waves, unless the publisher keeps the order itself."""
    batch = numbered(site.topic(), 200, keys=20)
    assert publish_as_relays_do(publisher, batch) == [SENT] * 200
    got = site.received(batch[0].topic, 200)
    for key in {m.key for m in batch}:
        expected = [m.payload for m in batch if m.key == key]
        assert expected == [r.payload for r in got if r.key == key]
    assert 200 == len(got)


def test_a_batch_without_keys_arrives_whole(site: Site, publisher: Publisher) -> None:
    """Once each."""
    topic = site.topic()
    batch = [message(topic, b"%d" % n) for n in range(100)]
    assert list(publisher.publish(batch)) == [SENT] * 100
    got = site.received(topic, 100)
    assert sorted(str(m.message_id) for m in batch) == sorted(r.message_id for r in got)


def test_an_empty_batch_is_nothing(publisher: Publisher) -> None:
    """No results."""
    assert list(publisher.publish([])) == []


def test_nobody_there_is_unavailable_at_once(site: Site) -> None:
    """The first publish and the probe say so, and the password is in neither."""
    publisher = site.nowhere()
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable) as caught:
        unreached(publisher)
    with pytest.raises(BrokerUnavailable) as probed:
        publisher.probe()
    assert PASSWORD not in f"{caught.value} {probed.value}"
    assert time.monotonic() - began < 2 * publisher.timeout


def test_a_probe_sends_nothing(site: Site, publisher: Publisher) -> None:
    """It returns when the receiver answers."""
    topic = site.topic()
    publisher.probe()
    publisher.publish([message(topic)])
    publisher.probe()
    assert len(site.received(topic, 1)) == 1


def test_a_closed_publisher_opens_again(site: Site, publisher: Publisher) -> None:
    """Closing twice, or before anything was opened, is fine."""
    topic = site.topic()
    publisher.close()
    for _ in range(2):
        assert list(publisher.publish([message(topic)])) == [SENT]
        publisher.close()
        publisher.close()
    assert 2 == len(site.received(topic, 2))
