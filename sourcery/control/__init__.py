"""Seeing and steering consumers from any process, through the database."""

from sourcery.control.consumer import Consumer
from sourcery.control.health import ConsumerHealth, ShardHealth, ShardState, consumer_health

__all__ = ["Consumer", "ConsumerHealth", "ShardHealth", "ShardState", "consumer_health"]
