"""How many statements a unit of work costs, counted on the wire."""

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from tests.domain import Account, Note, Opened, make_notes
from tests.guards.wire import watching


def kinds(statements: list[str]) -> list[str]:
    """What each statement does; an append that begins with a CTE is an insert."""
    texts = [" ".join(statement.lower().split()) for statement in statements]
    return ["insert" if " insert into" in f" {t}" else t.partition(" ")[0] for t in texts]


def open_account(store: EventStore) -> None:
    with UnitOfWork(store) as uow:
        uow.append(Stream("account", "ada"), [Opened("Ada")])


def spent(store: EventStore, events: int, *, message: bool = False) -> list[str]:
    """The statements of one unit that loads an account and records."""
    with watching(store.engine) as wire, UnitOfWork(store) as uow:
        account = uow.get(Account, "ada")
        for _ in range(events):
            account.deposit(1)
        if message:
            uow.publish("payments", payload={})
    return kinds(wire.statements)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("events", [1, 100])
def test_a_unit_of_work_on_one_stream_is_four_statements(store: EventStore, events: int) -> None:
    """BEGIN, one read, one insert, COMMIT, for one event and for a hundred."""
    open_account(store)
    assert ["begin", "select", "insert", "commit"] == spent(store, events)


@pytest.mark.databases("postgresql")
def test_a_message_is_one_more_insert(store: EventStore) -> None:
    """Outbox rows go in one statement, after the events."""
    open_account(store)
    expected = ["begin", "select", "insert", "insert", "commit"]
    assert expected == spent(store, 3, message=True)


@pytest.mark.databases("postgresql")
def test_an_append_without_reading_is_three_statements(store: EventStore) -> None:
    """An expected version needs no SELECT of the greatest one."""
    open_account(store)
    with watching(store.engine) as wire, UnitOfWork(store) as uow:
        uow.append(Stream("account", "bob"), [Opened("Bob")], expected=0)
    assert ["begin", "insert", "commit"] == kinds(wire.statements)


@pytest.mark.databases("postgresql")
def test_a_page_of_the_log_is_three_statements(store: EventStore) -> None:
    """The frontier is two, the page one; no BEGIN and no ROLLBACK around them."""
    open_account(store)
    with watching(store.engine) as wire:
        assert 1 == len(list(store.read(events=Opened)))
    assert ["select", "select", "select"] == kinds(wire.statements)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("events", [1, 100])
def test_sqlite_reads_draws_checks_and_inserts(store: EventStore, events: int) -> None:
    """One read, the counter, the head of the stream, one row each, under one BEGIN."""
    open_account(store)
    expected = ["begin", "select", "update", "select", *["insert"] * events, "commit"]
    assert expected == [k for k in spent(store, events) if k != "pragma"]


@pytest.mark.databases("mariadb")
@pytest.mark.parametrize("events", [1, 100])
def test_mariadb_inserts_all_events_at_once(store: EventStore, events: int) -> None:
    """One read, the counter and its value, the head of the stream, one insert, COMMIT."""
    open_account(store)
    found = [k for k in spent(store, events) if k in ("select", "update", "insert", "commit")]
    assert ["select", "update", "select", "select", "insert", "commit"] == found[-6:]
    assert 1 == found.count("insert")


def test_a_session_is_made_only_when_asked_for(store: EventStore) -> None:
    """An unused session costs a fifth of the append rate."""
    made = []
    make = store.database.make_session
    store.database.make_session = lambda **options: made.append(options) or make(**options)
    make_notes(store.engine)
    open_account(store)
    assert [] == made
    with UnitOfWork(store) as uow:
        uow.session.add(Note(text="mine"))
        uow.session.flush()
    assert 1 == len(made)
