"""Calling the publisher: whatever it does becomes one result for each message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field

from sourcery.errors import BrokerUnavailable, MessageRefused
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.observing import ObservedBatch, Observers
from sourcery.relay.circuit import Circuit
from sourcery.worker.failures import described

#: An alone message that breaks the connection so often in a row, of a broker that answers, is
#: to blame.
_BREAKS: Final = 2
#: What is in the answer of a publisher whose broker took all.
_ALL_SENT: Final = {id(SENT)}


@define(eq=False)
class Sender:
    """Sends by one publisher."""

    publisher: Publisher
    circuit: Circuit
    #: The relay's name, and who is told of what it sends.
    relay: str = "relay"
    observers: Observers = field(factory=Observers)
    #: Whether the shard at work has not caught up since it was claimed or rewound.
    catching_up: bool = False

    def send(self, batch: Sequence[Message]) -> Sequence[Result] | None:
        """One result for each message; None when nobody can say which message failed.

        Then send them one by one.
        """
        try:
            results = self._publish(list(batch))
        except BrokerUnavailable as error:
            results = [Result(Outcome.UNREACHED, str(error))] * len(batch)
        except Exception as error:  # noqa: BLE001 - whatever a publisher may raise
            return self._charged([_result_of(error)]) if len(batch) == 1 else None
        if len(results) == len(batch) and {*map(id, results)} == _ALL_SENT:
            self.circuit.got_through()
            return results
        if problem := _problem_of(results, len(batch)):
            return [Result(Outcome.FAILED, problem)] if len(batch) == 1 else None
        if any(result.outcome is Outcome.SENT for result in results):
            self.circuit.got_through()
        return self._charged(results)

    def _publish(self, batch: list[Message]) -> list[Result]:
        observed = ObservedBatch(relay=self.relay, messages=batch, catching_up=self.catching_up)
        with self.observers.publishing(observed):
            observed.results = results = list(self.publisher.publish(batch))
        return results

    def _charged(self, results: list[Result]) -> list[Result]:
        """A failure counts when the broker answers: one that hangs acknowledges nothing."""
        has_failed = any(result.outcome is Outcome.FAILED for result in results)
        if not has_failed or not self.circuit.is_silent():
            return results
        return [
            Result(Outcome.UNREACHED, result.error) if result.outcome is Outcome.FAILED else result
            for result in results
        ]

    def send_alone(self, message: Message, may_send: Callable[[], bool]) -> Result | None:
        """What became of one message; None when it may not be sent any more.

        A message that breaks the connection again and again, though the broker answers, has
        failed: some brokers close the connection on one that is too large.
        """
        result = Result(Outcome.UNREACHED)
        for _ in range(_BREAKS):
            if not may_send():
                return None
            [result] = self.send([message]) or [result]
            if result.outcome is not Outcome.UNREACHED or not self.circuit.answers():
                return result
        return Result(Outcome.FAILED, f"it breaks the connection: {result.error}")


def _result_of(error: Exception) -> Result:
    if isinstance(error, MessageRefused):
        return Result(Outcome.REFUSED, error.cause)
    return Result(Outcome.FAILED, str(described(error)))


def _problem_of(results: Sequence[object], messages: int) -> str | None:
    """What is wrong with what a publisher gave back."""
    if len(results) != messages:
        several = "one message" if messages == 1 else f"{messages} messages"
        return f"the publisher gave {len(results)} results for {several}"
    for result in results:
        if not isinstance(result, Result) or not isinstance(result.outcome, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance]
            return f"the publisher gave back a {type(result).__name__} that is no Result"
    return None
