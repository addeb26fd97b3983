"""Kafka: the topic is the topic, the key decides the partition.

Guaranteed: a message is sent when all in-sync replicas have it (`acks=all`). The producer is
idempotent, so what the library sends again by itself is stored once and in order; a message that
comes again after a failure, or from another process, is there twice: readers tell it by `ce_id`.
Equal keys go to one partition, the one that Java's clients choose too. Order per key: after a batch
of messages that fails the library goes on with the next, so a relay sends in waves.

- Too large, not authorised, no legal name of a topic, against a policy: refused.
- A topic that is not there, and is not made when it is used: failed, once the time is over.
- No broker answers, or the connection breaks: unreached.

Headers are CloudEvents' (`ce_`), as UTF-8; the content type is `content-type`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define, field

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.publishers.address import Address, Converters, flag, options, parse, positive, seconds
from sourcery.publishers.cloudevents import prefixed
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.drivers import needs

with needs("Kafka", "kafka"):
    from confluent_kafka import KafkaError, KafkaException, Producer

_PORTS: Final = {"kafka": 9092}
_REFUSED: Final = {
    KafkaError.INVALID_RECORD,
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.POLICY_VIOLATION,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_EXCEPTION,
}
_DOWN: Final = {KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION}
#: Seconds between two looks at whether the brokers are down.
_LOOK: Final = 0.1
_UNANSWERED: Final = Result(Outcome.FAILED, "no acknowledgement in time")

logger: logging.Logger = logging.getLogger("sourcery.publishers")


class KafkaPublisher(Publisher):
    """Produce to topics. Several hosts with commas are one cluster."""

    OPTIONS: ClassVar[Converters] = {
        "timeout": seconds,
        "tls": flag,
        "sasl": str,
        "max_bytes": positive,
    }

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        tls: bool | None = None,
        sasl: str = "PLAIN",
        max_bytes: int = 1_000_000,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Connect at the first use.

        `tls` is on when the URL has a user, who is then authenticated by `sasl`. `max_bytes` is the
        largest message, not above the topic's `max.message.bytes`. `settings` are further ones of
        librdkafka; those that the guarantees rest on cannot be changed.
        """
        self._address = parse(url, _PORTS)
        self._settings = {
            **(settings or {}),
            **_account(self._address, tls=tls, sasl=sasl),
            "bootstrap.servers": ",".join(self._address.servers),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "message.max.bytes": max_bytes,
            "message.timeout.ms": int(timeout * 1000),
            "partitioner": "murmur2_random",
        }
        self._producer: _Producer | None = None
        self.timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> KafkaPublisher:
        """With the options in the query."""
        base, given = options(url, cls.OPTIONS)
        return cls(base, **given)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        deadline = Deadline.after(self.timeout)
        producer = self._opened(deadline)
        results = producer.send(batch, deadline)
        if any(result.outcome in _UNCERTAIN for result in results):
            self.close()  # nothing of this batch is to be sent later by itself
        return results

    def probe(self) -> None:
        self._opened(deadline := Deadline.after(self.timeout)).answered(self._address, deadline)

    def close(self) -> None:
        if self._producer is not None:
            self._producer.discard()
            self._producer = None

    def _opened(self, deadline: Deadline) -> _Producer:
        if self._producer is not None and self._producer.is_down():
            self.close()
        if self._producer is None:
            producer = _Producer()
            producer.open(self._settings)
            try:
                producer.answered(self._address, deadline)
            except BrokerUnavailable:
                producer.discard()
                raise
            self._producer = producer
        return self._producer


_UNCERTAIN: Final = {Outcome.FAILED, Outcome.UNREACHED}


@define(eq=False)
class _Producer:
    """The library's producer, until the first message that it could not send."""

    _library: Any = None
    #: Why no broker can be reached.
    _down: str | None = None
    _results: dict[int, Result] = field(factory=dict[int, Result])

    def open(self, settings: Mapping[str, Any]) -> None:
        """It connects in threads of its own."""
        mine = {**settings, "error_cb": self._on_error}
        self._library = Producer(mine, logger=logger)

    def is_down(self) -> bool:
        """Whether the brokers went away since the last call."""
        self._library.poll(0)
        return self._down is not None

    def answered(self, address: Address, deadline: Deadline) -> None:
        """Wait for the cluster's own description; `BrokerUnavailable` when none comes."""
        cause = "no answer in time"
        while not self.is_down() and not deadline.passed:
            try:
                self._library.list_topics(timeout=min(_LOOK, deadline.left))
            except KafkaException as error:
                cause = error.args[0].str()
            else:
                return
        raise BrokerUnavailable(str(address), self._down or cause)

    def send(self, batch: Sequence[Message], deadline: Deadline) -> list[Result]:
        """Hand all to the library, then wait for its reports."""
        results = self._results = {}
        for number, message in enumerate(batch):
            self._produce(number, message)
        while len(results) < len(batch) and not deadline.passed and self._down is None:
            self._library.poll(min(_LOOK, deadline.left))
        down = self._down and Result(Outcome.UNREACHED, self._down)
        return [results.get(number, down or _UNANSWERED) for number in range(len(batch))]

    def discard(self) -> None:
        """Forget what waits to be sent."""
        self._results = {}
        self._library.purge()
        self._library.flush(0)
        self._library = None

    def _produce(self, number: int, message: Message) -> None:
        results = self._results
        headers = prefixed(message, "ce_") | {"content-type": message.content_type}

        def report(error: KafkaError | None, _: object) -> None:
            results[number] = SENT if error is None else self._result_of(error)

        if any("\0" in name for name in headers):  # which the library would cut short
            results[number] = Result(Outcome.REFUSED, "a NUL in the name of a header")
            return
        try:
            self._library.produce(
                message.topic,
                message.payload,
                message.key,
                headers=[(name, value.encode()) for name, value in headers.items()],
                on_delivery=report,
            )
        except KafkaException as error:
            report(error.args[0], None)
        except BufferError:
            results[number] = Result(Outcome.UNREACHED, "more messages than the library holds")

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in _DOWN:
            self._down = error.str()

    def _result_of(self, error: KafkaError) -> Result:
        if error.code() in _REFUSED:
            return Result(Outcome.REFUSED, error.str())
        if error.code() == KafkaError._TRANSPORT or self._down is not None:
            return Result(Outcome.UNREACHED, self._down or error.str())
        return Result(Outcome.FAILED, error.str())


def _account(address: Address, *, tls: bool | None, sasl: str) -> dict[str, str]:
    has_user = address.username is not None
    secure = has_user if tls is None else tls
    protocol = ("sasl_" if has_user else "") + ("ssl" if secure else "plaintext")
    if not has_user:
        return {"security.protocol": protocol}
    return {
        "security.protocol": protocol,
        "sasl.mechanisms": sasl,
        "sasl.username": address.username or "",
        "sasl.password": address.password or "",
    }
