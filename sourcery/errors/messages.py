"""Errors of publishing messages to brokers."""

from __future__ import annotations

from attrs import define

from sourcery.errors.base import SourceryError


@define
class BrokerUnavailable(SourceryError):
    """A broker cannot be reached. What was to be sent waits, and costs no attempt."""

    broker: str
    cause: str

    def __str__(self) -> str:
        return f"{self.broker} cannot be reached ({self.cause}): start it, or mend the way to it"


@define
class MessageRefused(SourceryError):
    """A broker will never take this message, so that it becomes a dead letter at once."""

    cause: str

    def __str__(self) -> str:
        return (
            f"the broker refused the message: {self.cause}; mend it, then retry or drop its letter"
        )
