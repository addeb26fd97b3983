"""What RabbitMQ says of the messages published on one channel, by their delivery tags."""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field

from sourcery.messages import SENT, Outcome, Result

_NACKED: Final = Result(Outcome.FAILED, "the broker could not take it")


@define(eq=False)
class Confirms:
    """Tags count from 1 on each channel; the numbers are those of the messages in a batch."""

    results: dict[int, Result] = field(factory=dict[int, Result])
    #: Of those published and not confirmed, oldest first.
    waiting: dict[int, int] = field(factory=dict[int, int])
    _tag: int = 0
    #: By message id: what came back, before its confirmation does.
    _returned: dict[str, str] = field(factory=dict[str, str])

    def begin(self) -> None:
        """Forget the batch before."""
        self.results, self._returned = {}, {}

    def published(self, number: int) -> None:
        """The next tag is this message's."""
        self._tag += 1
        self.waiting[self._tag] = number

    def on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls it
        """The broker has it, or has sent it back."""
        self._settle(tag, multiple=multiple, result=SENT)

    def on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls it
        """A queue is full and rejects, or the broker failed inside."""
        self._settle(tag, multiple=multiple, result=_NACKED)

    def on_return(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        """No queue takes it. Its confirmation follows."""
        self._returned[message.properties["message_id"]] = error.reply_text

    def refuse_returned(self, ids: dict[str, int]) -> None:
        """Acknowledged and sent back is refused."""
        for name, text in self._returned.items():
            self.results[ids[name]] = Result(Outcome.REFUSED, f"no queue takes it: {text}")

    def _settle(self, tag: int, *, multiple: bool, result: Result) -> None:
        tags = [each for each in self.waiting if each <= tag] if multiple else [tag]
        for each in tags:
            self.results[self.waiting.pop(each)] = result
