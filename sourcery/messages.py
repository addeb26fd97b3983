"""Messages as publishers get them, what they say of each, and the contract of a publisher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import field, frozen


@frozen(kw_only=True)
class Message:
    """One message on its way to a broker."""

    #: The same at every attempt: receivers tell repeats by it.
    message_id: UUID
    topic: str
    #: Messages of one topic and key are sent in order; None has no order.
    key: str | None
    #: As it is sent.
    payload: bytes = field(repr=False)
    #: The publisher's, and the metadata of whoever published.
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    content_type: str = "application/json"
    #: Place in the log it comes from.
    position: int = 0
    #: When it was written; UTC.
    created_at: datetime
    #: Names the store it comes from, as a URI: with the id it is unique in the world.
    source: str


class Outcome(StrEnum):
    """What became of one message."""

    #: The broker has acknowledged it.
    SENT = "sent"
    #: This message failed, or nobody knows. It is tried again, and that costs an attempt.
    FAILED = "failed"
    #: The broker will never take it: too large, not authorised, nowhere to go.
    REFUSED = "refused"
    #: It never left, or the connection broke before the answer. It is tried again, and that
    #: costs nothing.
    UNREACHED = "unreached"


@frozen
class Result:
    """What became of one message, and why."""

    outcome: Outcome
    #: Without any part of the payload.
    error: str | None = None


SENT: Final = Result(Outcome.SENT)


class Publisher:
    """The adapter to one broker. Used by one thread; opened at the first use."""

    #: Whether messages of one key may be in one batch: after one that fails, `publish` then sends
    #: nothing later of its key: those have failed too.
    keeps_order: ClassVar[bool] = False
    #: Seconds that `publish` takes at the most. A relay's lease must be longer.
    timeout: float = 10.0

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """Send messages and wait for their acknowledgements: one result for each, in order.

        What was not acknowledged in time has failed. What never left, and what a connection that
        breaks left unanswered, is unreached. Raises `BrokerUnavailable` when none was sent because
        the broker cannot be reached.
        """
        raise NotImplementedError

    def probe(self) -> None:
        """Return when the broker answers, without sending any message of the user's.

        Raises `BrokerUnavailable`.
        """

    def close(self) -> None:
        """Let go of the connection. May be called again; the next `publish` opens another."""
