"""The one store of the process, on Django's database."""

from functools import cache

from examples.bank import Account
from sourcery import EventStore
from sourcery.ext.django import database_url


@cache
def store() -> EventStore:
    """Made when it is first asked for, when Django's settings are ready."""
    return EventStore(database_url(), aggregates=[Account])
