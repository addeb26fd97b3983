"""Seeing and steering consumers from any process, through the database."""

from sourcery.control.consumer import Consumer
from sourcery.control.depth import OutboxDepth, outbox_depth
from sourcery.control.foreseeing import Foreseen
from sourcery.control.health import ConsumerHealth, ShardHealth, ShardState, consumer_health
from sourcery.control.looking import consumer_names
from sourcery.control.outbox import MessageState, OutboxMessage, outbox_message, outbox_messages

__all__ = [
    "Consumer",
    "ConsumerHealth",
    "Foreseen",
    "MessageState",
    "OutboxDepth",
    "OutboxMessage",
    "ShardHealth",
    "ShardState",
    "consumer_health",
    "consumer_names",
    "outbox_depth",
    "outbox_message",
    "outbox_messages",
]
