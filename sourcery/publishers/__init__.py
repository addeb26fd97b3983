"""Publishers: the adapters to brokers."""

from sourcery.publishers.callable import CallablePublisher

__all__ = ["CallablePublisher"]
