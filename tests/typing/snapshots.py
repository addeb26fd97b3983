"""Snapshots: states by their classes, policies of one kind."""

from collections.abc import Iterator
from typing import assert_type

from sourcery import (
    EventStore,
    Policy,
    UnitOfWork,
    any_of,
    delete_snapshots,
    every,
    on,
    slower_than,
    stored_snapshots,
    verify_snapshots,
)
from sourcery.snapshots import StoredSnapshot
from tests.typing.domain import Account, Deposited, Opened


def states_are_what_was_asked_for(store: EventStore, uow: UnitOfWork) -> None:
    """Now or in the past."""
    assert_type(store.load(Account, "x"), Account)
    assert_type(store.load(Account, "x", version=5).balance, int)
    assert_type(store.snapshot(Account, "x"), bool)
    uow.snapshot(uow.get(Account, "x"))
    uow.snapshot(Account)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    store.load(Deposited, "x")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def policies_are_policies() -> None:
    """Those of ours, and of one's own."""
    policy: Policy = any_of(every(5), slower_than(0.5), on(Deposited | Opened))
    EventStore("sqlite://", snapshot=policy)
    EventStore("sqlite://", snapshot=every)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    every("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def they_are_listed(store: EventStore) -> None:
    """By class or kind."""
    assert_type(stored_snapshots(store, of=Account), Iterator[StoredSnapshot])
    assert_type(delete_snapshots(store, of="aggregate:account"), int)
    assert_type(verify_snapshots(store, Account).is_right, bool)
