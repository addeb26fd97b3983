"""Messages sent one after another: after one that fails, nothing later of its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field

from sourcery.errors import BrokerUnavailable, MessageRefused
from sourcery.messages import SENT, Message, Outcome, Result
from sourcery.publishers.deadline import Deadline
from sourcery.worker.failures import described

HELD: Final = Result(Outcome.FAILED, "held back: an earlier message of its key was not sent")
LATE: Final = Result(Outcome.UNREACHED, "not tried: the time of its batch was over")

Key = tuple[str, str]


def key_of(message: Message) -> Key:
    """What must stay in order; a message without key has only itself."""
    if message.key is None:
        return "", str(message.message_id)
    return message.topic, message.key


@define
class Turns:
    """One call of `publish`: gives each message its turn, or the reason why it gets none."""

    deadline: Deadline
    _closed: set[Key] = field(factory=set[Key])
    #: Why nothing more is tried in this call.
    _down: str | None = None

    def take(self, message: Message, send: Callable[[Message], None]) -> Result:
        """Send one; what `send` raises becomes its result, and closes its key."""
        result = self._result(message, send)
        if result.outcome is not Outcome.SENT:
            self._closed.add(key_of(message))
        return result

    def _result(self, message: Message, send: Callable[[Message], None]) -> Result:
        if key_of(message) in self._closed:
            return HELD
        if self._down is not None:
            return Result(Outcome.UNREACHED, self._down)
        if self.deadline.passed:
            return LATE
        return self._sent(message, send)

    def _sent(self, message: Message, send: Callable[[Message], None]) -> Result:
        try:
            send(message)
        except MessageRefused as error:
            return Result(Outcome.REFUSED, error.cause)
        except BrokerUnavailable as error:
            self._down = str(error)
            return Result(Outcome.UNREACHED, self._down)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message was not sent
            return Result(Outcome.FAILED, str(described(error)))
        return SENT
