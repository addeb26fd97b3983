"""Redis and Valkey: the topic is a stream, behind a prefix if one is given.

Guaranteed: a message is sent when XADD was answered. Whether it is then on a disk, or on a replica,
is the server's setting (`appendfsync`, `min-replicas-to-write`); with the usual ones a crash may
lose the last second. Repeats are not recognised: readers tell them by the id. Commands of a batch
are pipelined, and one may fail where the next succeeds, so a relay sends in waves.

- The topic's name holds something that is no stream, or the user may not write it: refused.
- The server is out of memory: failed.
- It cannot be reached, is loading or is no primary, or the connection breaks: unreached.

Fields of an entry: `data` is the payload, `content-type`, attributes of CloudEvents with `ce-`
before them, and the message's own headers with `header:` before them. There is no official binding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from sourcery.errors import BrokerUnavailable, PublisherMisconfigured
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.publishers.address import Address, Converters, options, parse, positive, seconds
from sourcery.publishers.cloudevents import TYPE, attributes
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.drivers import needs

with needs("redis", "redis"):
    from redis import Connection, SSLConnection
    from redis.backoff import NoBackoff
    from redis.exceptions import (
        ClusterDownError,
        NoPermissionError,
        ReadOnlyError,
        RedisError,
        ResponseError,
    )
    from redis.retry import Retry

_PORTS: Final = {"redis": 6379, "rediss": 6379, "valkey": 6379}
#: First words of answers that have no class: the server is there, but takes nothing from anybody.
_NOT_READY: Final = {"MISCONF", "NOREPLICAS"}
#: A connection of the library, whose methods have no types.
Wire = Any

_UNANSWERED: Final = Result(Outcome.FAILED, "no answer in time")


class RedisPublisher(Publisher):
    """Append to streams. The path of the URL is the number of the database."""

    OPTIONS: ClassVar[Converters] = {"timeout": seconds, "prefix": str, "maxlen": positive}

    def __init__(
        self, url: str, *, timeout: float = 10.0, prefix: str = "", maxlen: int | None = None
    ) -> None:
        """Connect at the first use.

        `maxlen` keeps about so many of the newest entries of each stream, read or not.
        """
        self._address = parse(url, _PORTS)
        self._database = _number(self._address)
        self._prefix = prefix
        self._trim = () if maxlen is None else ("MAXLEN", "~", maxlen)
        self._connection: Wire | None = None
        self.timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> RedisPublisher:
        """With the options in the query."""
        base, given = options(url, cls.OPTIONS)
        return cls(base, **given)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        deadline = Deadline.after(self.timeout)
        connection = self._opened(deadline)
        try:
            # In one piece: the time to write is that of the whole.
            packed = b"".join(connection.pack_commands(map(self._command, batch)))
            connection.send_packed_command([packed], check_health=False)
        except (RedisError, OSError) as error:
            self.close()
            return [self._lost(error)] * len(batch)
        return self._answers(connection, len(batch), deadline)

    def probe(self) -> None:
        deadline = Deadline.after(self.timeout)
        connection = self._opened(deadline)
        try:
            connection.send_command("PING", check_health=False)
            answers = self._answers(connection, 1, deadline)
        except (RedisError, OSError) as error:
            self.close()
            raise self._unavailable(error) from error
        if answers[0] is not SENT:
            raise BrokerUnavailable(str(self._address), str(answers[0].error))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None

    def _command(self, message: Message) -> tuple[Any, ...]:
        fields: dict[str, str | bytes] = {"data": message.payload}
        fields["content-type"] = message.content_type
        fields |= {f"ce-{name}": value for name, value in attributes(message).items()}
        fields |= {f"header:{n}": value for n, value in message.headers.items() if n != TYPE}
        pairs = [part for pair in fields.items() for part in pair]
        return ("XADD", self._prefix + message.topic, *self._trim, "*", *pairs)

    def _answers(self, connection: Wire, count: int, deadline: Deadline) -> list[Result]:
        results: list[Result] = []
        while len(results) < count:
            try:
                if not connection.can_read(timeout=deadline.left):
                    return self._given_up(results, count, _UNANSWERED)
                connection.read_response(disable_decoding=True)
                results.append(SENT)
            except ResponseError as error:
                results.append(_result_of(error))
            except (RedisError, OSError) as error:
                return self._given_up(results, count, self._lost(error))
        return results

    def _given_up(self, results: list[Result], count: int, rest: Result) -> list[Result]:
        """Answers that come later would be taken for those of the next batch."""
        self.close()
        return results + [rest] * (count - len(results))

    def _opened(self, deadline: Deadline) -> Wire:
        if self._connection is not None and self._is_stale(self._connection):
            self.close()
        if self._connection is None:
            connection = _made(
                self._address, self._database, deadline.left / 2
            )  # to connect, and to write
            try:
                connection.connect()
            except (RedisError, OSError) as error:
                connection.disconnect()
                raise self._unavailable(error) from error
            self._connection = connection
        return self._connection

    def _is_stale(self, connection: Wire) -> bool:
        """Nothing is to be read before something is asked, but the end of the connection."""
        try:
            return bool(connection.can_read(timeout=0))
        except (RedisError, OSError):
            return True

    def _lost(self, error: Exception) -> Result:
        return Result(Outcome.UNREACHED, self._address.scrubbed(error))

    def _unavailable(self, error: Exception) -> BrokerUnavailable:
        return BrokerUnavailable(str(self._address), self._address.scrubbed(error))


def _number(address: Address) -> int:
    if address.path and not address.path.isdecimal():
        raise PublisherMisconfigured(str(address), "its path is the number of a database")
    return int(address.path or 0)


def _made(address: Address, database: int, seconds: float) -> Wire:
    """One that sends nothing a second time by itself."""
    kind = SSLConnection if address.scheme == "rediss" else Connection
    return kind(
        host=address.host,
        port=address.port,
        db=database,
        username=address.username,
        password=address.password,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
    )


def _result_of(error: ResponseError) -> Result:
    """By its class, or the first word of the answer; the rest may quote the command."""
    word = str(error).partition(" ")[0]
    text = f"the server answered {word if word.isupper() else type(error).__name__}"
    if isinstance(error, NoPermissionError) or word == "WRONGTYPE":
        return Result(Outcome.REFUSED, text)
    if isinstance(error, (ClusterDownError, ReadOnlyError)) or word in _NOT_READY:
        return Result(Outcome.UNREACHED, text)
    return Result(Outcome.FAILED, text)
