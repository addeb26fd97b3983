"""An event taken out of the middle of a stream: no state is made of what is left."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import define
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sourcery import ANY, Aggregate, EventStore, UnitOfWork, always, loading
from sourcery.errors import StreamDamaged
from sourcery.schema import events
from tests.databases import APPEND_ONLY
from tests.domain import ADA, Account, Deposited, Opened, append

pytestmark = pytest.mark.skipif(APPEND_ONLY, reason="it takes events away")


@define
class Kept(Aggregate[Opened | Deposited], category="account", snapshot=always()):
    """The same streams, with snapshots."""

    balance: int = 0

    def apply(self, event: Opened | Deposited) -> None:
        """Evolve."""
        self.balance += event.amount if isinstance(event, Deposited) else 0


def without(store: EventStore, *versions: int) -> None:
    """Ada's seven events, and then not all of them."""
    append(store, ADA, [Opened("Ada"), *map(Deposited, range(1, 7))])
    take(store, *versions)


def take(store: EventStore, *versions: int) -> None:
    """As somebody does by hand."""
    with store.engine.begin() as connection:
        connection.execute(delete(events).where(events.c.version.in_(versions)))


def got(store: EventStore) -> Account:
    """By a unit of work."""
    with UnitOfWork(store) as uow:
        return uow.get(Account, "ada")


WAYS: list[Callable[[EventStore], Any]] = [
    got,
    lambda store: store.load(Account, "ada"),
    lambda store: store.load(Account, "ada", version=4),
    lambda store: store.load(Account, "ada", position=4),
    lambda store: store.load(Kept, "ada"),
    lambda store: store.snapshot(Kept, "ada"),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_version_is_no_state(bank: EventStore, way: Callable[[EventStore], Any]) -> None:
    """Whoever asks for one is told which, and what to do."""
    without(bank, 4)
    with pytest.raises(StreamDamaged, match="bring it back from a backup") as refused:
        way(bank)
    assert (ADA, 4) == (refused.value.stream, refused.value.missing)


@pytest.mark.parametrize("missing", [(4,), (4, 5), (1, 2, 3, 4), (1,)])
def test_it_is_missed_wherever_in_a_page_it_was(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch, missing: tuple[int, ...]
) -> None:
    """At its beginning, in the middle, and between two of them."""
    without(bank, *missing)
    for size in (7, 4, 3, 2, 1):
        monkeypatch.setattr(loading, "PAGE", size)
        with pytest.raises(StreamDamaged, match=f"version {missing[0]},"):
            bank.load(Account, "ada")


@pytest.mark.parametrize("size", [500, 3])
def test_what_was_before_it_is_a_state_still(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """By version, which nobody can doubt; by position the missing event may belong to it."""
    monkeypatch.setattr(loading, "PAGE", size)
    without(bank, 4)
    assert (3, 3) == ((old := bank.load(Account, "ada", version=3)).version, old.balance)
    assert 1 == bank.load(Account, "ada", position=2).balance
    with pytest.raises(StreamDamaged):
        bank.load(Account, "ada", position=3)


def test_what_a_snapshot_holds_may_be_missing(bank: EventStore) -> None:
    """What follows may not."""
    append(bank, ADA, [Opened("Ada"), Deposited(5), Deposited(6)])
    bank.snapshot(Kept, "ada")
    append(bank, ADA, [Deposited(7), Deposited(8)])
    take(bank, 2)
    assert 26 == bank.load(Kept, "ada").balance
    take(bank, 4)
    with pytest.raises(StreamDamaged, match="version 4"):
        bank.load(Kept, "ada")


@pytest.mark.databases("mariadb")
def test_an_old_view_is_no_state_either(bank: EventStore) -> None:
    """It lacks what others wrote since, though not what its own append put behind that."""
    engine = bank.engine.execution_options(isolation_level="REPEATABLE READ")
    append(bank, ADA, [Opened("Ada")])
    with Session(engine) as session, pytest.raises(StreamDamaged, match="version 2"):
        session.execute(select(events.c.position)).all()
        append(bank, ADA, [Deposited(5)])
        with UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(6)], expected=ANY)
        with UnitOfWork(bank, session=session) as uow:
            uow.get(Account, "ada")
