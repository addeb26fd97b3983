"""Publishers by URL: which there are, what is refused, and no password in any text."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from sourcery import publishers
from sourcery.errors import DriverMissing, PublisherMisconfigured, UnknownPublisher
from sourcery.publishers import (
    CallablePublisher,
    FilePublisher,
    Publisher,
    WebhookPublisher,
    publisher_for,
    register,
)
from sourcery.publishers.kafka import KafkaPublisher
from sourcery.publishers.nats import NatsPublisher
from sourcery.publishers.rabbitmq import RabbitMQPublisher
from sourcery.publishers.redis import RedisPublisher


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///tmp/x", FilePublisher),
        ("http://host/hook?a=b", WebhookPublisher),
        ("https://host/hook#timeout=3", WebhookPublisher),
        ("kafka://a:9092,b:9093,c?timeout=3&tls=no&sasl=PLAIN&max_bytes=5", KafkaPublisher),
        ("amqp://host/vhost?exchange=x", RabbitMQPublisher),
        ("amqps://user:pw@a,b", RabbitMQPublisher),
        ("nats://token@host?prefix=shop.&timeout=3", NatsPublisher),
        ("redis://host/1?maxlen=5&prefix=x:", RedisPublisher),
        ("rediss://user:pw@[::1]:1", RedisPublisher),
        ("valkey://:pw@host", RedisPublisher),
    ],
)
def test_the_scheme_chooses(url: str, kind: type[Publisher]) -> None:
    """Nothing is connected yet."""
    assert kind is type(publisher_for(url))


def test_an_unknown_scheme_names_those_there_are() -> None:
    """And where others come from."""
    with pytest.raises(UnknownPublisher, match=r"'gopher' URLs .*file.*sourcery\.publishers"):
        publisher_for("gopher://user:pa55word@host")


@pytest.mark.parametrize("url", ["", "host:9092", "/path", "//host"])
def test_a_url_without_scheme_is_refused(url: str) -> None:
    """It is no URL, or that of an unknown publisher."""
    with pytest.raises((PublisherMisconfigured, UnknownPublisher)):
        publisher_for(url)


@pytest.mark.parametrize("url", [None, 7, b"kafka://host", "nothing", "//user:pa55word@host"])
def test_what_is_no_url_is_told_what_one_is(url: Any) -> None:
    """Nothing of it is shown."""
    with pytest.raises(PublisherMisconfigured, match=r"^a publisher's URL: ") as caught:
        publisher_for(url)
    assert "pa55word" not in str(caught.value)


def by_url(url: str) -> Publisher:
    """What a third party registers."""
    return CallablePublisher(print, timeout=len(url))


def test_others_come_from_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named like the scheme, it loads a function from the URL to a publisher."""
    entry = EntryPoint("pigeon", f"{__name__}:by_url", publishers.GROUP)
    found = {(publishers.GROUP, "pigeon"): [entry]}
    monkeypatch.setattr(publishers, "entry_points", lambda group, name: found[group, name])
    assert len("pigeon://roof") == publisher_for("pigeon://roof").timeout


def test_others_are_registered_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests and scripts."""
    monkeypatch.setattr(publishers, "_makers", dict(publishers._makers))
    register("pigeon", by_url)
    assert isinstance(publisher_for("pigeon://roof"), CallablePublisher)


WRONG = [
    "http://user:pa55word@host/#no=1",
    "http://user:pa55word@host/#timeout=soon",
    "http://user:pa55word@host/#timeout=1&timeout=2",
    "http://user:pa55word@host:port/",
    "http://user:pa55word@/hook",
    "http://user:pa55word@[::1/",
    "http://user:pa55word/x@host/",
    "http://user:1pa55word/x@host/#no=1",
    "http://host/#secret=pa55word",
    "http://host/#secret=whsec_pa55word",
    "http://host?pa55word#no=1",
    "kafka://user:pa55word@host?tls=perhaps",
    "kafka://user:pa55word@host?timeout=pa55word",
    "kafka://user:pa55word@a,,b",
    "amqp://user:pa55word@host/a@b",
    "amqps://user:pa55word@host?exchange=a&exchange=b",
    "nats://user:pa55word@host:99999999",
    "nats://user:pa55word@host?timeout=nan",
    "nats://user:pa55word@host?timeout=-1",
    "redis://user:pa55word@host?maxlen=0",
    "redis://user:pa55word@host/first",
    "redis://user:pa55word@host?maxlen=many",
    "valkey://user:pa55word@host#maxlen=1",
]


@pytest.mark.promise(48)
@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    """At once, as an error of configuration."""
    with pytest.raises(PublisherMisconfigured) as caught:
        publisher_for(url)
    assert "pa55word" not in f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("kafka://h", "confluent_kafka", "kafka"),
        ("amqp://h", "amqp", "rabbitmq"),
        ("nats://h", "nats", "nats"),
        ("redis://h", "redis", "redis"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(url: str, library: str, extra: str) -> None:
    """In a process that cannot import it; the package itself needs none of them."""
    script = f"""
import sys
from sourcery.publishers import publisher_for
sys.modules[{library!r}] = None
try:
    publisher_for({url!r})
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert DriverMissing.__name__ in done.stdout
    assert f"pip install 'sourcery-events[{extra}]'" in done.stdout


def test_the_package_imports_no_library() -> None:
    """Only the file of its broker does."""
    script = "import sys, sourcery.publishers; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert not {"confluent_kafka", "amqp", "nats", "redis"} & set(done.stdout.split())
