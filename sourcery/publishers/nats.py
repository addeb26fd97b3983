"""NATS JetStream: the topic is the subject, behind a prefix if one is given.

Guaranteed: a message is sent when a stream has stored it. `Nats-Msg-Id` is the message id, so that
a stream drops repeats within its duplicate window (two minutes unless it is set); a message that is
sent again later than that is there twice. Order per key: the acknowledgements of a batch are
awaited together, and one message may fail where the next succeeds, so a relay sends in waves.

- Too large for the server or the stream, a subject or header NATS cannot have, a subject that the
  user may not publish to: refused.
- No stream takes the subject: failed, not refused, since a stream is also missing while a server
  starts or a cluster elects its leader. It takes all attempts to become a dead letter.
- A connection that cannot be opened, or breaks: unreached.

Headers are CloudEvents' (`ce-`), percent-encoded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from attrs import define, field

from sourcery.errors import BrokerUnavailable, MessageRefused
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.publishers.address import Address, Converters, options, parse, seconds
from sourcery.publishers.background import BackgroundLoop
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.drivers import needs
from sourcery.publishers.fields import fields

with needs("nats", "nats"):
    from nats.aio.client import Client
    from nats.errors import Error as NatsError
    from nats.errors import TimeoutError as NatsTimeout
    from nats.js import JetStreamContext
    from nats.js.errors import APIError, NoStreamResponseError

_PORTS: Final = {"nats": 4222}
#: JetStream's numbers for "message size exceeds maximum allowed" and "header too large".
_TOO_LARGE: Final = {10054, 10097}
_SUBJECT: Final = re.compile(r"[^\s.*>\x00-\x20\x7f]+(\.[^\s.*>\x00-\x20\x7f]+)*")
_DENIED: Final = re.compile(r'permissions violation for publish to "([^"]*)"', re.IGNORECASE)
_HEADER_LINE: Final = len("NATS/1.0\r\n\r\n")
_FIELD: Final = len(": \r\n")

_LOST: Final = "the connection broke before the acknowledgement"
_UNANSWERED: Final = Result(Outcome.FAILED, "no acknowledgement in time")


class NatsPublisher(Publisher):
    """Publish to JetStream. Several hosts with commas are one cluster."""

    OPTIONS: ClassVar[Converters] = {"timeout": seconds, "prefix": str}

    def __init__(self, url: str, *, timeout: float = 10.0, prefix: str = "") -> None:
        """Connect at the first use. `prefix` stands before each subject, with its dot."""
        self._address = parse(url, _PORTS)
        self._prefix = prefix
        self._loop: BackgroundLoop | None = None
        self._connection: _Connection | None = None
        #: One that is not waited for: its server may hang.
        self._closing: asyncio.Task[None] | None = None
        self.timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> NatsPublisher:
        """With the options in the query."""
        base, given = options(url, cls.OPTIONS)
        return cls(base, **given)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        return self._running().run(self._publish(batch, Deadline.after(self.timeout)))

    def probe(self) -> None:
        self._running().run(self._probe(Deadline.after(self.timeout)))

    def close(self) -> None:
        if self._loop is not None:
            if self._connection is not None:
                self._loop.run(self._connection.close())
            self._loop.close()
        self._loop = self._connection = None

    def _running(self) -> BackgroundLoop:
        if self._loop is None:
            self._loop = BackgroundLoop("sourcery-nats")
        return self._loop

    async def _publish(self, batch: Sequence[Message], deadline: Deadline) -> list[Result]:
        connection = await self._opened(deadline)
        results = await connection.send(batch, self._prefix, deadline)
        if _UNANSWERED in results:  # nobody knows what is still on its way
            self._closing = asyncio.create_task(connection.close())
            self._connection = None
        return results

    async def _probe(self, deadline: Deadline) -> None:
        connection = await self._opened(deadline)
        try:
            await asyncio.wait_for(connection.client.flush(), deadline.left)
        except (TimeoutError, NatsError, OSError) as error:
            await connection.close()
            raise _unavailable(self._address, error) from error

    async def _opened(self, deadline: Deadline) -> _Connection:
        if self._connection is None or self._connection.client.is_closed:
            self._connection = await _connect(self._address, deadline)
        return self._connection


@define(eq=False)
class _Connection:
    """One connection, used until it breaks: reconnecting is the relay's affair."""

    client: Client = field(factory=Client)
    lost: asyncio.Event = field(factory=asyncio.Event)
    #: The last one while connecting.
    error: Exception | None = None
    _waiting: dict[str, list[asyncio.Task[Result]]] = field(
        factory=dict[str, list[asyncio.Task[Result]]]
    )

    async def on_error(self, error: Exception) -> None:
        """Remember it; when it denies a subject, those who wait there wait in vain."""
        self.error = error
        if found := _DENIED.search(str(error)):
            for task in self._waiting.get(found[1], ()):
                task.cancel()

    async def on_closed(self) -> None:
        """Nothing more will be acknowledged."""
        self.lost.set()

    async def send(self, batch: Sequence[Message], prefix: str, deadline: Deadline) -> list[Result]:
        """Publish all, then wait for the acknowledgements together."""
        tasks = [asyncio.create_task(self._one(m, prefix, deadline.left)) for m in batch]
        self._waiting = {}
        for message, task in zip(batch, tasks, strict=True):
            self._waiting.setdefault(prefix + message.topic, []).append(task)
        await self._settled(tasks, deadline)
        return [self._result(task) for task in tasks]

    async def _settled(self, tasks: list[asyncio.Task[Result]], deadline: Deadline) -> None:
        """Until all are done, the time is over, or the connection is lost."""
        lost = asyncio.create_task(self.lost.wait())
        done = asyncio.create_task(_all(tasks))
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({done, lost}, timeout=deadline.left, return_when=first)
        for task in (lost, done):
            task.cancel()

    def _result(self, task: asyncio.Task[Result]) -> Result:
        if not task.done():
            return Result(Outcome.UNREACHED, _LOST) if self.lost.is_set() else _UNANSWERED
        if task.cancelled():
            return Result(Outcome.REFUSED, "the user may not publish to its subject")
        return task.result()

    async def _one(self, message: Message, prefix: str, seconds: float) -> Result:
        try:
            subject, headers = self._checked(message, prefix)
            stream = JetStreamContext(self.client)
            await stream.publish(subject, message.payload, timeout=seconds, headers=headers)
        except (MessageRefused, NatsError, OSError) as error:
            return _result_of(error)
        return SENT

    def _checked(self, message: Message, prefix: str) -> tuple[str, dict[str, Any]]:
        subject = prefix + message.topic
        if not _SUBJECT.fullmatch(subject):
            raise MessageRefused("its topic cannot be a subject of NATS")
        if any(name.lower().startswith("nats-") for name in message.headers):
            raise MessageRefused("has a header that tells the server what to do (Nats-...)")
        headers = {**fields(message), "Nats-Msg-Id": str(message.message_id)}
        size = sum(len(name) + len(value) + _FIELD for name, value in headers.items())
        if size + _HEADER_LINE + len(message.payload) > self.client.max_payload:
            raise MessageRefused(f"with its headers it exceeds {self.client.max_payload} bytes")
        return subject, headers

    async def close(self) -> None:
        """Close it, without waiting for a server that hangs."""
        closing = asyncio.create_task(self.client.close())
        await asyncio.wait({closing}, timeout=0.2)


async def _all(tasks: list[asyncio.Task[Result]]) -> bool:
    await asyncio.gather(*tasks, return_exceptions=True)
    return True


def _result_of(error: Exception) -> Result:
    match error:
        case MessageRefused():
            return Result(Outcome.REFUSED, error.cause)
        case NatsTimeout():
            return _UNANSWERED
        case NoStreamResponseError():
            return Result(Outcome.FAILED, "no stream takes its subject")
        case APIError():
            refused = error.err_code in _TOO_LARGE
            what = Outcome.REFUSED if refused else Outcome.FAILED
            return Result(what, f"JetStream says {error.err_code}: {error.description}")
        case _:
            return Result(Outcome.UNREACHED, _LOST)


async def _connect(address: Address, deadline: Deadline) -> _Connection:
    connection = _Connection()
    is_token = address.password is None
    connecting = connection.client.connect(
        servers=[f"nats://{server}" for server in address.servers],
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        error_cb=connection.on_error,
        closed_cb=connection.on_closed,
        user=None if is_token else address.username,
        password=address.password,
        token=address.username if is_token else None,
    )
    try:
        await asyncio.wait_for(connecting, deadline.left)
    except (TimeoutError, NatsError, OSError) as error:
        await connection.close()
        raise _unavailable(address, connection.error or error) from error
    return connection


def _unavailable(address: Address, error: BaseException) -> BrokerUnavailable:
    return BrokerUnavailable(str(address), address.scrubbed(error))
