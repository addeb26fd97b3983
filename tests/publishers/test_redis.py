"""Valkey: what is refused, what is not its fault, and trimming."""

from collections.abc import Iterator

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Outcome, Publisher
from sourcery.testing.conformance.publishers.messages import message, outcomes
from tests.publishers.sites import RedisSite

SENT_, FAILED, REFUSED, UNREACHED = Outcome


@pytest.fixture
def site_name() -> str:
    """The server of Valkey."""
    return "valkey"


@pytest.fixture
def settings(site: RedisSite) -> Iterator[dict[str, str]]:
    """Settings of the server, put back at the end."""
    changed: dict[str, str] = {}
    yield changed
    with site.client() as client:
        for name, value in changed.items():
            client.config_set(name, value)


def test_a_name_that_holds_no_stream_is_refused(site: RedisSite, publisher: Publisher) -> None:
    """The others of the batch are sent; the error quotes nothing of the message."""
    topic, taken = site.topic(), site.topic()
    with site.client() as client:
        client.set(taken, "a string")
    results = publisher.publish([message(taken, b"pa55word"), message(topic)])
    assert [REFUSED, SENT_] == outcomes(results)
    assert "the server answered WRONGTYPE" == results[0].error


def test_a_stream_the_user_may_not_write_is_refused(site: RedisSite) -> None:
    """By the server's access rules."""
    topic = site.topic()
    with site.client() as client:
        client.execute_command("ACL", "SETUSER", "ada", "on", ">pw", "~mine*", "+@all")
    publisher = site.to(f"redis://ada:pw@127.0.0.1:{site.broker.port}")
    results = publisher.publish([message(topic), message(f"mine-{topic}")])
    assert [REFUSED, SENT_] == outcomes(results)


def test_a_wrong_password_is_unavailable(site: RedisSite) -> None:
    """It is no fault of the message, and is not shown."""
    publisher = site.to(f"redis://:pa55word@127.0.0.1:{site.broker.port}")
    with pytest.raises(BrokerUnavailable) as caught:
        publisher.publish([message("t")])
    assert "pa55word" not in str(caught.value)


def test_a_server_without_memory_is_a_failure(
    site: RedisSite, publisher: Publisher, settings: dict[str, str]
) -> None:
    """It may have some later."""
    settings["maxmemory"] = "0"
    with site.client() as client:
        client.config_set("maxmemory", "1")
    assert [FAILED] == outcomes(publisher.publish([message("t")]))


def test_a_replica_is_not_the_place(
    site: RedisSite, publisher: Publisher, settings: dict[str, str]
) -> None:
    """Its messages wait until the primary is back, and that costs no attempt."""
    with site.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            assert [UNREACHED] == outcomes(publisher.publish([message("t")]))
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")


def test_a_stream_is_trimmed_to_its_length(site: RedisSite) -> None:
    """About: the server trims whole blocks of entries."""
    publisher = site.publisher(maxlen=100, prefix="shop:")
    topic = site.topic()
    assert [SENT] * 1000 == list(publisher.publish([message(topic) for _ in range(1000)]))
    assert 100 <= site.count(f"shop:{topic}") < 300


def test_the_path_is_the_database(site: RedisSite) -> None:
    """As everywhere with these URLs."""
    topic = site.topic()
    site.to(site.url() + "/3").publish([message(topic)])
    assert 0 == site.count(topic)
    with site.client() as client:
        client.select(3)
        assert 1 == client.xlen(topic)
