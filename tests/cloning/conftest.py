"""What the tests of copies ask for."""

from collections.abc import Iterator

import pytest

from sourcery import Token
from tests.cloning.copies import copied
from tests.databases import Database
from tests.domain import ADA, Deposited, append, open_bank


@pytest.fixture
def token(database: Database) -> Token:
    """Names three events of the original, which nobody is connected to any more."""
    with open_bank(database) as bank:
        return append(bank, ADA, [Deposited(n) for n in range(3)]).token


@pytest.fixture
def copy(database: Database, token: Token) -> Iterator[Database]:
    """The copy of it under another name."""
    with copied(database) as copy:
        yield copy
