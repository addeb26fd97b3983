"""Rule 15: a handler must not wait for the transaction that it runs in."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import Consumer, EventStore, Recorded, UnitOfWork, execute, transact
from sourcery.errors import ConsumerFailed, UseTheHandlersSession, VersionConflict
from tests.domain import (
    ADA,
    ORDER,
    Account,
    Deposit,
    Note,
    Placed,
    history,
    notes_stored,
)
from tests.subscriber.support import (
    Broken,
    deposit,
    ignore,
    note_of,
    policy,
    subscriber,
    write_note,
)

pytestmark = [pytest.mark.promise(49)]


def own_unit(store: EventStore) -> None:
    with UnitOfWork(store) as uow:
        uow.append(ORDER, [Placed("tea")])


def own_transact(store: EventStore) -> None:
    transact(store, lambda uow: uow.append(ORDER, [Placed("tea")]))


def own_execute(store: EventStore) -> None:
    execute(store, Account, "bob", Deposit(1))


def own_wait(store: EventStore) -> None:
    Consumer(store, "other").wait_for(store.now())


def own_pause(store: EventStore) -> None:
    Consumer(store, "other").pause()


@pytest.mark.parametrize("act", [own_unit, own_transact, own_execute, own_wait, own_pause])
def test_rule_15_what_would_wait_for_itself_is_refused(
    bank: EventStore, act: Callable[[EventStore], None]
) -> None:
    """At once, with what to do instead; nothing of it happened."""
    subscriber(bank, ignore, name="other").drain()
    deposit(bank)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        uow.session.flush()
        act(bank)

    with pytest.raises(ConsumerFailed) as caught:
        subscriber(bank, handle, on_error=policy("stop")).drain()
    assert isinstance(caught.value.__cause__, UseTheHandlersSession)
    assert "the unit of work the handler was given" in caught.value.cause
    assert ([], [], []) == (notes_stored(bank), history(bank, ORDER), events_of_bob(bank))


def events_of_bob(store: EventStore) -> list[object]:
    return [r.event for r in store.read() if r.stream.id == "bob"]


def test_a_joined_unit_commits_with_the_page(bank: EventStore) -> None:
    """Functions of the application that bring a unit of their own work with the page's session."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        with UnitOfWork(bank, session=uow.session) as joined:
            joined.append(ORDER, [Placed(note_of(recorded))])
            joined.session.add(Note(text=note_of(recorded)))
            joined.publish("topic", payload=1)
        if recorded.version == 2:
            raise Broken

    options: dict[str, Any] = {"categories": ["account"], "on_error": policy("skip")}
    assert 2 == subscriber(bank, handle, **options).drain()
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    assert [Placed("ada 1"), Placed("ada 3")] == history(bank, ORDER)
    causes = [recorded.event_id for recorded in bank.read(ADA) if recorded.version != 2]
    assert list(map(str, causes)) == [r.metadata.causation_id for r in bank.read(ORDER)]


def test_a_joined_unit_that_fails_undoes_itself_alone(bank: EventStore) -> None:
    """The handler may catch its error, and go on in the page's transaction."""
    deposit(bank, "ada", 2)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        with pytest.raises(VersionConflict), UnitOfWork(bank, session=uow.session) as joined:
            joined.session.add(Note(text=f"undone {recorded.version}"))
            joined.append(ADA, [Placed("never")], expected=7)

    assert 2 == subscriber(bank, handle, on_error=policy("stop")).drain()
    assert ["ada 1", "ada 2"] == notes_stored(bank)
    assert 2 == len(history(bank, ADA))


def test_effects_may_do_all_of_it(bank: EventStore) -> None:
    """No transaction is open while they run."""
    subscriber(bank, ignore, name="other").drain()
    deposit(bank)

    def handle(recorded: Recorded[Any]) -> None:
        for act in (own_unit, own_transact, own_execute):
            act(bank)
        subscriber(bank, ignore, name="other").drain()
        own_wait(bank)
        own_pause(bank)

    consumer = subscriber(bank, handle, effects=True, page=1, on_error=policy("stop"))
    assert 1 == consumer.run_once()
    assert (2, 1) == (len(history(bank, ORDER)), len(events_of_bob(bank)))


@pytest.mark.databases("postgresql")
def test_effects_run_without_a_transaction(bank: EventStore) -> None:
    """Nothing is held in the database by a consumer that waits for the world outside."""
    deposit(bank, "ada", 2)
    states: list[str] = []

    def handle(recorded: Recorded[Any]) -> None:
        with bank.engine.connect() as connection:
            sql = (
                "select state from pg_stat_activity where datname = current_database() "
                "and pid <> pg_backend_pid() and state is not null"  # one that just begins has none
            )
            states.extend(connection.scalars(text(sql)))

    assert 2 == subscriber(bank, handle, effects=True).drain()
    assert {"idle"} == set(states)
