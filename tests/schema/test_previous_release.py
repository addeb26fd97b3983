"""The previous release's own code on the new schema; its SQL: `test_from_first_release`."""

import pytest
from sqlalchemy import Engine

from sourcery import EventStore, schema
from sourcery.testing.conformance.migrations import check
from sourcery.upgrade import upgrade
from tests.databases import Database
from tests.domain import AccountEvent
from tests.schema.conftest import Releases

#: Makes the tables unless they are there, opens an account, uses it, and says what it read.
PROGRAM = """
import sys
from pathlib import Path
from attrs import define, frozen
import sourcery
from sourcery import Aggregate, EventStore, Stream, UnitOfWork, event, schema
from sourcery.errors import VersionConflict

@event("account.opened")
@frozen
class Opened:
    owner: str

@event("account.deposited")
@frozen
class Deposited:
    amount: int

@define
class Account(Aggregate[Opened | Deposited], category="account"):
    balance: int = 0

    def apply(self, event):
        if isinstance(event, Deposited):
            self.balance += event.amount

assert Path(sourcery.__file__).is_relative_to(Path.cwd())
name = sys.argv[2]
with EventStore(sys.argv[1], aggregates=[Account]) as store:
    store.upgrade()
    with UnitOfWork(store) as uow:
        uow.append(Stream("account", name), [Opened(name), Deposited(1)], expected=0)
        uow.publish("accounts", key=name, payload={"name": name})
    with UnitOfWork(store) as uow:
        account = uow.get(Account, name)
        account.record(Deposited(account.balance))
    try:
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", name), [Opened("twice")], expected=0)
    except VersionConflict as conflict:
        assert 3 == conflict.actual
    read = [recorded.position for recorded in store.read()]
    print(schema.REVISION, store.database.identity.revision, read, max(read) <= store.settled())
"""


@pytest.mark.promise(44)
def test_the_previous_release_runs_on_the_new_schema(
    releases: Releases, empty_database: Database, engine: Engine
) -> None:
    """It made the database, goes on after the upgrade, and both read what both wrote."""
    url, old, new = empty_database.url, schema.REVISION - 1, schema.REVISION
    previous = releases(old)
    assert f"{old} {old} [1, 2, 4] True\n" == previous.run(PROGRAM, url, "ada")

    upgrade(engine)
    check(engine)
    with EventStore(url, events=AccountEvent) as store:
        first = [recorded.position for recorded in store.read()]
        said = previous.run(PROGRAM, url, "bob")
        second = [recorded.position for recorded in store.read()]

    assert ([1, 2, 4], 6) == (first, len(second))
    assert f"{old} {new} {second} True\n" == said
