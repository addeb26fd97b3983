"""What the tests of mappings ask for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sourcery import EventStore, MessageMapping
from tests.databases import Database
from tests.domain import make_notes, open_bank

Opening = Callable[..., EventStore]


@pytest.fixture
def opened(database: Database) -> Iterator[Opening]:
    """Open a store with these mappings, on the test's database."""
    with ExitStack() as stores:

        def open_with(*mappings: MessageMapping, **options: object) -> EventStore:
            bank = stores.enter_context(open_bank(database, messages=mappings, **options))
            make_notes(bank.engine)
            return bank

        yield open_with
