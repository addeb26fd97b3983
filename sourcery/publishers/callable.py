"""Any function as a publisher.

The function gets one message and returns when it is sent. It raises `MessageRefused` for one that
can never be sent and `BrokerUnavailable` when nothing can be sent now; any other exception is a
failed attempt. Guaranteed: at least once, in order per key, and nothing more: what "sent" means is
the function's affair. It is not interrupted, so it keeps its own time: when the batch's is over, no
further message is begun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from sourcery.arguments import check_function, check_result
from sourcery.messages import Message, Publisher, Result
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.turns import Turns


class CallablePublisher(Publisher):
    """Give each message to a function. What the function returns is not used.

    Raises `InvalidArgument` for one that is async or a generator: nothing of it would run, and
    the message would count as sent. What comes back to be awaited is a failed attempt.
    """

    keeps_order: ClassVar[bool] = True

    def __init__(self, function: Callable[[Message], object], *, timeout: float = 10.0) -> None:
        check_function(function, ["message"], "function")
        self._function = function
        self.timeout = timeout

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        turns = Turns(Deadline.after(self.timeout))
        return [turns.take(message, self._send) for message in batch]

    def _send(self, message: Message) -> None:
        check_result(self._function(message), "function")
