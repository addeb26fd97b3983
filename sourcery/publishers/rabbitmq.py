"""RabbitMQ: the topic is the routing key, to an exchange or, without one, to the queue of its name.

Guaranteed: a message is sent when the broker confirmed that all queues it goes to have taken it; a
durable queue has it on the disk then, because messages are persistent. Publishing is mandatory: a
message that no queue takes comes back. Repeats are not recognised: readers tell them by the message
id. Confirmations are awaited together, and one message may be rejected where the next is taken, so
a relay sends in waves.

- No queue takes it, not authorised, larger than the broker allows: refused. For the last two the
  broker closes the channel without saying which message it was; when several were under way they
  are unreached, and the relay, sending them one by one, finds it.
- A queue that is full and rejects: failed.
- The connection cannot be opened or breaks, the exchange is not there, the broker has no memory or
  disk left and blocks publishers: unreached.

Headers are CloudEvents' of AMQP (`cloudEvents:`); message id and content type are properties.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from ssl import CERT_REQUIRED
from typing import Any, ClassVar, Final
from uuid import uuid4

from sourcery.errors import BrokerUnavailable, MessageRefused
from sourcery.messages import Message, Outcome, Publisher, Result
from sourcery.publishers.address import Address, Converters, options, parse, seconds
from sourcery.publishers.cloudevents import prefixed
from sourcery.publishers.confirms import Confirms
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.drivers import needs
from sourcery.publishers.turns import LATE

with needs("RabbitMQ", "rabbitmq"):
    import amqp as _amqp  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

    amqp: Any = _amqp  # it has no types
    errors: Any = _amqp.exceptions

_PORTS: Final = {"amqp": 5672, "amqps": 5671}
_NAME_BYTES: Final = 255
#: Of headers, which have to fit into one frame.
_HEADER_BYTES: Final = 100_000
_PERSISTENT: Final = 2
_REFUSED_CODES: Final = {311, 403, 406}  # too large, not authorised, precondition failed
_UNANSWERED: Final = Result(Outcome.FAILED, "no confirmation in time")


class RabbitMQPublisher(Publisher):
    """Publish on one channel. Several hosts with commas are tried in turn."""

    OPTIONS: ClassVar[Converters] = {"timeout": seconds, "exchange": str}

    def __init__(self, url: str, *, timeout: float = 10.0, exchange: str = "") -> None:
        """Connect at the first use. The path of the URL is the virtual host, `/` without one."""
        self._address = parse(url, _PORTS)
        self._exchange = exchange
        self._connection: Any = None
        self._channel: Any = None
        self._confirms = Confirms()
        #: Whether the broker has an alarm of memory or disk.
        self._blocked = False
        self.timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> RabbitMQPublisher:
        """With the options in the query."""
        base, given = options(url, cls.OPTIONS)
        return cls(base, **given)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        deadline = Deadline.after(self.timeout)
        self._open(deadline)
        confirms = self._confirms
        confirms.begin()
        rest = self._send(batch, deadline)
        confirms.refuse_returned({str(m.message_id): n for n, m in enumerate(batch)})
        return [confirms.results.get(number, rest) for number in range(len(batch))]

    def probe(self) -> None:
        """Publish to a queue that cannot be there: a broker with an alarm confirms nothing."""
        deadline = Deadline.after(self.timeout)
        self._open(deadline)
        try:
            self._confirms.begin()
            self._confirms.published(0)
            self._channel.basic_publish(amqp.Message(b""), "", f"sourcery-probe-{uuid4()}")
            self._wait(deadline)
        except errors.ChannelError:  # the user may not, but the broker has answered
            self._drop()
        except (errors.AMQPError, OSError) as error:
            self._drop()
            raise self._unavailable(error) from error

    def close(self) -> None:
        if self._connection is not None:
            with suppress(errors.AMQPError, OSError):
                self._connection.close()
        self._drop()

    def _send(self, batch: Sequence[Message], deadline: Deadline) -> Result:
        """Publish all and wait; what is said of the messages that have no result."""
        try:
            for number, message in enumerate(batch):
                self._begin(number, message, deadline)
            self._wait(deadline)
        except TimeoutError:
            return self._late()
        except errors.ChannelError as error:
            return self._closed(error)
        except (errors.AMQPError, OSError) as error:
            if deadline.passed:  # py-amqp has words of its own for a write that takes too long
                return self._late()
            self._drop()
            return self._unreached(error)
        return LATE  # of none

    def _begin(self, number: int, message: Message, deadline: Deadline) -> None:
        try:
            made = _made(message)
        except MessageRefused as error:
            self._confirms.results[number] = Result(Outcome.REFUSED, error.cause)
            return
        self._confirms.published(number)
        self._channel.basic_publish(
            made, self._exchange, message.topic, mandatory=True, timeout=_positive(deadline)
        )

    def _wait(self, deadline: Deadline) -> None:
        """Until all is confirmed. An alarm ends it at once, as the loss of the connection does."""
        while self._confirms.waiting:
            if self._blocked:
                raise errors.Blocked("it has no memory or disk left, and blocks publishers")
            self._connection.drain_events(timeout=_positive(deadline))

    def _on_blocked(self, reason: str) -> None:
        self._blocked = True

    def _late(self) -> Result:
        """What is under way has failed, and what was not begun has not."""
        self._confirms.results |= dict.fromkeys(self._confirms.waiting.values(), _UNANSWERED)
        self._drop()
        return LATE

    def _closed(self, error: Any) -> Result:
        """The broker closed the channel because of one message; with one under way it is that."""
        waiting = list(self._confirms.waiting.values())
        self._drop()
        if len(waiting) == 1 and error.reply_code in _REFUSED_CODES:
            self._confirms.results[waiting[0]] = Result(Outcome.REFUSED, str(error.reply_text))
        return self._unreached(error)

    def _open(self, deadline: Deadline) -> None:
        if self._connection is not None and not self._is_alive():
            self._drop()
        if self._connection is not None:
            return
        try:
            self._connect(deadline)
        except (errors.AMQPError, OSError) as error:
            self._drop()
            raise self._unavailable(error) from error

    def _is_alive(self) -> bool:
        """Nothing is to be read between two batches, but the end of the connection."""
        try:
            self._connection.drain_events(timeout=0)
        except TimeoutError:
            return True
        except (errors.AMQPError, OSError):
            return False
        return True

    def _connect(self, deadline: Deadline) -> None:
        self._blocked = False
        self._connection = _connected(self._address, deadline, self._on_blocked)
        self._channel = self._connection.channel()
        self._confirms = Confirms()
        self._channel.events["basic_ack"].add(self._confirms.on_ack)
        self._channel.events["basic_nack"].add(self._confirms.on_nack)
        self._channel.events["basic_return"].add(self._confirms.on_return)
        self._channel.confirm_select()
        if self._exchange:
            self._channel.exchange_declare(self._exchange, "", passive=True)

    def _drop(self) -> None:
        """Without a farewell, for which a broker that hangs would have to answer."""
        if self._connection is not None:
            with suppress(errors.AMQPError, OSError):
                self._connection.collect()
        self._connection = self._channel = None

    def _unreached(self, error: Exception) -> Result:
        return Result(Outcome.UNREACHED, self._address.scrubbed(error))

    def _unavailable(self, error: Exception) -> BrokerUnavailable:
        return BrokerUnavailable(str(self._address), self._address.scrubbed(error))


def _connected(address: Address, deadline: Deadline, on_blocked: Callable[[str], None]) -> Any:
    """To the first of the hosts that takes us."""
    user, password = address.username, address.password
    for number, server in enumerate(address.servers, 1):
        verified = {"server_hostname": address.hosts[number - 1][0], "cert_reqs": CERT_REQUIRED}
        connection = amqp.Connection(
            host=server,
            userid=user or "guest",
            password=password or ("" if user else "guest"),
            login_method="PLAIN",
            virtual_host=address.path or "/",
            ssl=verified if address.scheme == "amqps" else False,
            on_blocked=on_blocked,
            connect_timeout=_positive(deadline),
            read_timeout=_positive(deadline),
            write_timeout=_positive(deadline),
        )
        try:
            connection.connect()
        except (errors.AMQPError, OSError):
            connection.collect()
            if number == len(address.hosts) or deadline.passed:
                raise
        else:
            return connection
    raise OSError("no host")


def _made(message: Message) -> Any:
    headers = prefixed(message, "cloudEvents:")
    if len(message.topic.encode()) > _NAME_BYTES:
        raise MessageRefused(f"its topic has more than {_NAME_BYTES} bytes")
    if any(len(name.encode()) > _NAME_BYTES for name in headers):
        raise MessageRefused(f"the name of a header has more than {_NAME_BYTES} bytes")
    if sum(len(n.encode()) + len(v.encode()) for n, v in headers.items()) > _HEADER_BYTES:
        raise MessageRefused(f"its headers have more than {_HEADER_BYTES} bytes")
    return amqp.Message(
        message.payload,
        content_type=message.content_type,
        delivery_mode=_PERSISTENT,
        message_id=str(message.message_id),
        application_headers=headers,
    )


def _positive(deadline: Deadline) -> float:
    """Zero would be "do not wait" to a socket, which is another error."""
    if left := deadline.left:
        return left
    raise TimeoutError("the time is over")
