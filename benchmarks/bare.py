"""The loop that somebody would write with a broker's own client: a batch, its acknowledgements.

Each sends payload, key and an id to one topic, and counts what is there. Nothing is stored, tried
again or kept in order.
"""

from __future__ import annotations

import asyncio
import http.client
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

#: Connections of the webhook publisher, and so of its bare loop.
LANES: Final = 4


class Bare(ABC):
    """One client, and a topic that it makes."""

    def __init__(self, url: str, topic: str) -> None:
        self.url = url
        self.parts = urlsplit(url)
        self.topic = topic

    @abstractmethod
    def send(self, payloads: Sequence[bytes]) -> None:
        """Send a batch and wait until all of it is acknowledged."""

    @abstractmethod
    def count(self) -> int | None:
        """How many are there; None where nobody can say."""

    def close(self) -> None:  # noqa: B027 - a file has nothing to close
        """Let go of the connection."""


class Kafka(Bare):
    """confluent-kafka, idempotent, all replicas."""

    def __init__(self, url: str, topic: str) -> None:
        super().__init__(url, topic)
        self.kafka: Any = import_module("confluent_kafka")
        self.servers = {"bootstrap.servers": self.parts.netloc}
        settings = {"enable.idempotence": True, "acks": "all", "linger.ms": 0}
        self.producer = self.kafka.Producer({**self.servers, **settings})
        admin = import_module("confluent_kafka.admin")
        client = admin.AdminClient(self.servers)  # which must live until it has answered
        client.create_topics([admin.NewTopic(topic, 1, 1)])[topic].result(10)

    def send(self, payloads: Sequence[bytes]) -> None:
        for number, payload in enumerate(payloads):
            headers = [("ce_id", b"%d" % number)]
            self.producer.produce(self.topic, payload, b"%d" % number, headers=headers)
        assert self.producer.flush(30) == 0

    def count(self) -> int:
        settings = {"group.id": "count", "enable.partition.eof": True}
        consumer = self.kafka.Consumer({**self.servers, **settings})
        consumer.assign([self.kafka.TopicPartition(self.topic, 0, 0)])
        found = 0
        while (each := consumer.poll(10)) is not None and each.error() is None:
            found += 1
        consumer.close()
        return found


class RabbitMQ(Bare):
    """py-amqp, publisher confirms of a durable queue awaited per batch."""

    def __init__(self, url: str, topic: str) -> None:
        super().__init__(url, topic)
        self.amqp: Any = import_module("amqp")
        server = f"{self.parts.hostname}:{self.parts.port}"
        account = {"userid": self.parts.username, "password": self.parts.password}
        self.connection = self.amqp.Connection(host=server, **account)
        self.connection.connect()
        self.channel = self.connection.channel()
        self.channel.queue_declare(topic, durable=True, auto_delete=False)
        self.channel.confirm_select()
        self.confirmed = self.published = 0
        self.channel.events["basic_ack"].add(self._acked)

    def _acked(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls it
        self.confirmed = tag if multiple else self.confirmed + 1

    def send(self, payloads: Sequence[bytes]) -> None:
        for number, payload in enumerate(payloads):
            message = self.amqp.Message(payload, delivery_mode=2, message_id=str(number))
            self.channel.basic_publish(message, "", self.topic, mandatory=True)
        self.published += len(payloads)
        while self.confirmed < self.published:
            self.connection.drain_events(timeout=30)

    def count(self) -> int:
        return int(self.channel.queue_declare(self.topic, passive=True).message_count)

    def close(self) -> None:
        self.connection.close()


class Nats(Bare):
    """nats-py, acknowledgements of JetStream awaited per batch."""

    def __init__(self, url: str, topic: str) -> None:
        super().__init__(url, topic)
        self.loop = asyncio.new_event_loop()
        self.client = self._run(import_module("nats").connect(url))
        self.stream = self.client.jetstream()
        self._run(self.stream.add_stream(name=topic, subjects=[topic]))
        self.sent = 0

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def send(self, payloads: Sequence[bytes]) -> None:
        async def batch() -> None:
            await asyncio.gather(*(self._one(payload) for payload in payloads))

        self._run(batch())

    async def _one(self, payload: bytes) -> None:
        self.sent += 1
        headers = {"Nats-Msg-Id": str(self.sent)}
        await self.stream.publish(self.topic, payload, timeout=30, headers=headers)

    def count(self) -> int:
        return int(self._run(self.stream.stream_info(self.topic)).state.messages)

    def close(self) -> None:
        self._run(self.client.close())
        self.loop.close()


class Redis(Bare):
    """redis-py, XADD pipelined."""

    def __init__(self, url: str, topic: str) -> None:
        super().__init__(url, topic)
        redis: Any = import_module("redis")
        self.client = redis.Redis.from_url(self.parts._replace(scheme="redis").geturl())

    def send(self, payloads: Sequence[bytes]) -> None:
        with self.client.pipeline(transaction=False) as pipeline:
            for number, payload in enumerate(payloads):
                pipeline.xadd(self.topic, {"data": payload, "ce-id": number})
            pipeline.execute()

    def count(self) -> int:
        return int(self.client.xlen(self.topic))

    def close(self) -> None:
        self.client.close()


class Webhook(Bare):
    """http.client, as many connections as the publisher has."""

    def __init__(self, url: str, topic: str) -> None:
        super().__init__(url, topic)
        assert self.parts.hostname is not None
        host, port = self.parts.hostname, self.parts.port
        self.connections = [http.client.HTTPConnection(host, port) for _ in range(LANES)]
        self.threads = ThreadPoolExecutor(LANES)

    def send(self, payloads: Sequence[bytes]) -> None:
        lanes = [(self.connections[n], payloads[n::LANES]) for n in range(LANES)]
        list(self.threads.map(self._lane, lanes))

    def _lane(self, lane: tuple[http.client.HTTPConnection, Sequence[bytes]]) -> None:
        connection, payloads = lane
        for number, payload in enumerate(payloads):
            connection.request("POST", self.parts.path or "/", payload, {"webhook-id": str(number)})
            response = connection.getresponse()
            response.read()
            assert response.status // 100 == 2  # noqa: PLR2004 - HTTP's number of success

    def count(self) -> None:
        return None

    def close(self) -> None:
        self.threads.shutdown()
        for connection in self.connections:
            connection.close()


class File(Bare):
    """One write and one fsync for each batch."""

    def send(self, payloads: Sequence[bytes]) -> None:
        with Path(self.parts.path).open("ab") as file:
            file.write(b"".join(payload + b"\n" for payload in payloads))
            file.flush()
            os.fsync(file.fileno())

    def count(self) -> int:
        path = Path(self.parts.path)
        return path.read_bytes().count(b"\n") if path.exists() else 0


LOOPS: Final[Mapping[str, Callable[[str, str], Bare]]] = {
    "kafka": Kafka,
    "amqp": RabbitMQ,
    "nats": Nats,
    "redis": Redis,
    "valkey": Redis,
    "http": Webhook,
    "file": File,
}
