"""Any function as a publisher.

The function gets one message and returns when it is sent. It raises `MessageRefused` for one that
can never be sent and `BrokerUnavailable` when nothing can be sent now; any other exception is a
failed attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from sourcery.errors import BrokerUnavailable, MessageRefused
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.worker.failures import described

_HELD = Result(Outcome.FAILED, "held back: an earlier message of its key was not sent")


class CallablePublisher(Publisher):
    """Give each message to a function. What the function returns is not used."""

    keeps_order: ClassVar[bool] = True

    def __init__(self, function: Callable[[Message], object], *, timeout: float = 10.0) -> None:
        self._function = function
        self.timeout = timeout

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """One after another; after one that fails, nothing later of its key."""
        closed: set[tuple[str, str]] = set()
        return [self._turn(message, closed) for message in batch]

    def _turn(self, message: Message, closed: set[tuple[str, str]]) -> Result:
        key = ("", str(message.message_id)) if message.key is None else (message.topic, message.key)
        if key in closed:
            return _HELD
        result = self._send(message)
        if result.outcome is not Outcome.SENT:
            closed.add(key)
        return result

    def _send(self, message: Message) -> Result:
        try:
            self._function(message)
        except MessageRefused as error:
            return Result(Outcome.REFUSED, error.cause)
        except BrokerUnavailable as error:
            return Result(Outcome.UNREACHED, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the message was not sent
            return Result(Outcome.FAILED, str(described(error)))
        return SENT
