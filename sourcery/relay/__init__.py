"""The relay: what is in the outbox, or in the event log, sent to a broker."""

from sourcery.relay.relay import Relay

__all__ = ["Relay"]
