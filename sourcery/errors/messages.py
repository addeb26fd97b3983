"""Errors of publishing messages to brokers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define

from sourcery.errors.base import ConfigurationError, SourceryError


@define
class BrokerUnavailable(SourceryError):
    """A broker cannot be reached. What was to be sent waits, and costs no attempt."""

    broker: str
    cause: str

    def __str__(self) -> str:
        return (
            f"{self.broker} cannot be reached ({self.cause}): start it, or mend the way to it or "
            f"the account it is given"
        )


@define
class MessageRefused(SourceryError):
    """A broker will never take this message, so that it becomes a dead letter at once."""

    cause: str

    def __str__(self) -> str:
        return (
            f"the broker refused the message: {self.cause}; mend it, then retry or drop its letter"
        )


@define
class MessageTooOld(SourceryError):
    """A message was sent before the last one that the inbox has forgotten. Nothing was accepted.

    It may have been accepted before, or never: its row would be gone by now.
    """

    consumer: str
    message_id: str
    sent_at: datetime
    #: Time of the last row of this consumer that `purge_inbox` removed.
    forgotten_until: datetime

    def __str__(self) -> str:
        return (
            f"message {self.message_id!a} was sent at {self.sent_at}, and the inbox of consumer "
            f"{self.consumer!a} is purged up to {self.forgotten_until}: nobody can tell whether "
            f"it is a repeat; look for its effects, and keep ids longer than brokers deliver"
        )


@define
class MappingFailed(SourceryError):
    """A mapping from events to messages raised, or gave what is no message. Nothing was written."""

    mapping: str
    kind: str
    problem: str

    def __str__(self) -> str:
        return f"mapping {self.mapping} of event {self.kind!a}: {self.problem}"


@define
class UnknownPublisher(ConfigurationError):
    """No publisher of ours, or registered, serves URLs of this scheme."""

    scheme: str
    known: Sequence[str]

    def __str__(self) -> str:
        return (
            f"sourcery has no publisher for {self.scheme!r} URLs (it has {', '.join(self.known)}); "
            f"register one through the entry-point group 'sourcery.publishers'"
        )


@define
class PublisherMisconfigured(ConfigurationError, ValueError):
    """A publisher's URL or arguments make no sense."""

    #: The URL without user, password and options.
    publisher: str
    problem: str

    def __str__(self) -> str:
        return f"{self.publisher}: {self.problem}"


@define
class DriverMissing(ConfigurationError, ImportError):
    """The library that talks to a broker is not installed."""

    publisher: str
    extra: str

    def __str__(self) -> str:
        return (
            f"the {self.publisher} publisher needs a library that is not installed: "
            f"pip install 'sourcery-events[{self.extra}]'"
        )
