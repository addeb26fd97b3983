"""The connection is lost: before COMMIT, and in it, when nobody knows whether it happened."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, transact
from sourcery.errors import CommitUnknown, Retryable, RetryTransaction, UnitOfWorkError
from tests.databases import Database
from tests.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    Opened,
    append,
    events_stored,
    history,
    make_notes,
    messages_stored,
    notes_stored,
    open_bank,
)
from tests.proxy import Proxy
from tests.unit_of_work.waiting import wait_until

pytestmark = [pytest.mark.promise(49), pytest.mark.databases("postgresql", "mariadb")]


@pytest.fixture
def far(database: Database, proxy: Proxy) -> Iterator[EventStore]:
    """A store behind the proxy, its connections open and its tables checked."""
    url = database.url.set(port=proxy.port)
    with open_bank(Database(name=database.name, url=url, server=database.server)) as store:
        make_notes(store.engine)
        append(store, ADA, [Opened("Ada")])
        yield store


def deposit(uow: UnitOfWork) -> None:
    """One command, with a message and a row beside it."""
    uow.get(Account, "ada").deposit(5)
    uow.publish("payments", payload=5)
    uow.session.add(Note(text="deposited"))


def assert_deposited_once(bank: EventStore) -> None:
    """All of it is there, once."""
    assert [Opened("Ada"), Deposited(5)] == history(bank, ADA)
    assert (1, ["deposited"]) == (messages_stored(bank), notes_stored(bank))


def assert_nothing(bank: EventStore) -> None:
    """None of it is there."""
    assert [Opened("Ada")] == history(bank, ADA)
    assert (0, []) == (messages_stored(bank), notes_stored(bank))


def test_a_lost_answer_is_success_when_the_events_are_there(far: EventStore, proxy: Proxy) -> None:
    """They are looked for by their ids; the token is theirs."""
    with UnitOfWork(far) as uow:
        deposit(uow)
        proxy.after_commit()
    assert_deposited_once(far)
    found = list(far.read(ADA))[-1]
    assert (found.position, str(found.event_id)) == (uow.token.first, uow.token.event_id)


def test_the_token_of_a_lost_answer_covers_its_messages(far: EventStore, proxy: Proxy) -> None:
    """Whoever waits for it must not pass before the message does."""
    with UnitOfWork(far) as uow:
        deposit(uow)
        proxy.after_commit()
    assert far.settled() <= uow.token.last


def test_a_lost_commit_asks_to_retry(far: EventStore, proxy: Proxy) -> None:
    """The events are not there, so nothing is."""
    with pytest.raises(RetryTransaction, match="lost at commit"), UnitOfWork(far) as uow:
        deposit(uow)
        proxy.before_commit()
    wait_until(lambda: settled_down(far))
    assert_nothing(far)


def settled_down(bank: EventStore) -> bool:
    """Whether no transaction is open that could hold back the settled position."""
    return bank.settled() >= 1


def test_transact_repeats_a_lost_commit(far: EventStore, proxy: Proxy) -> None:
    """Once, on a new connection."""
    breaks = iter([proxy.before_commit])

    def work(uow: UnitOfWork) -> None:
        deposit(uow)
        next(breaks, lambda: None)()

    assert 2 == transact(far, work).attempts
    assert_deposited_once(far)


def test_transact_does_not_repeat_a_lost_answer(far: EventStore, proxy: Proxy) -> None:
    """The one attempt was committed."""

    def work(uow: UnitOfWork) -> None:
        deposit(uow)
        proxy.after_commit()

    assert 1 == transact(far, work).attempts
    assert_deposited_once(far)


def test_a_commit_still_on_its_way_cannot_happen_after_the_look(
    far: EventStore, proxy: Proxy
) -> None:
    """The server's side of the lost connection is ended first, so nothing is doubled."""
    runs: list[int] = []

    def work(uow: UnitOfWork) -> int:
        runs.append(1)
        if len(runs) > 1:
            proxy.release()  # the first COMMIT reaches the server only now
        deposit(uow)
        if len(runs) == 1:
            proxy.during_commit()
        return len(runs)

    done = transact(far, work)
    assert_deposited_once(far)
    assert (2, 2) == (done.result, done.attempts)
    assert list(far.read(ADA))[-1].position == done.token.first


def test_a_lost_attempt_that_the_server_holds_does_not_block_the_next(
    far: EventStore, proxy: Proxy
) -> None:
    """Its backend is ended: the server was not told, and the row of its note is unique."""
    breaks = iter([proxy.lose])

    def work(uow: UnitOfWork) -> None:
        deposit(uow)
        uow.session.flush()
        next(breaks, lambda: None)()

    assert 2 == transact(far, work).attempts
    assert_deposited_once(far)


def test_transact_connects_again(far: EventStore, proxy: Proxy) -> None:
    """When the server did not take the connection, and takes the next."""
    far.engine.dispose()
    proxy.refuse()
    event.listen(far.engine, "handle_error", lambda _: proxy.accept())
    assert 2 == transact(far, deposit).attempts
    assert_deposited_once(far)


@pytest.mark.parametrize("written", ["message", "row", "unchecked"])
def test_with_nothing_to_look_for_the_commit_is_unknown(
    far: EventStore, proxy: Proxy, written: str
) -> None:
    """It is said so, and not repeated: it may have happened, and here it did."""
    runs: list[int] = []

    def work(uow: UnitOfWork) -> None:
        runs.append(1)
        assert uow.session.connection()
        if written == "message":
            uow.publish("payments", payload=5)
        elif written == "row":
            uow.session.add(Note(text="written"))
        else:
            uow.append(ADA, [Deposited(5)])
        proxy.after_commit()

    with pytest.raises(CommitUnknown) as caught:
        transact(far, work)
    assert not isinstance(caught.value, Retryable)
    assert [1] == runs
    stored = (messages_stored(far), len(notes_stored(far)), events_stored(far) - 1)
    assert 1 == sum(stored)


def test_when_the_server_cannot_be_asked_the_commit_is_unknown(
    far: EventStore, proxy: Proxy, database: Database
) -> None:
    """The events have ids, but nobody answers."""
    unit = UnitOfWork(far)
    with pytest.raises(CommitUnknown), unit as uow:
        deposit(uow)
        proxy.after_commit(refuse=True)
    with pytest.raises(UnitOfWorkError):
        _ = unit.token
    with open_bank(database) as near:
        assert_deposited_once(near)


def test_a_joined_unit_leaves_the_commit_to_its_owner(far: EventStore, proxy: Proxy) -> None:
    """The owner sees its own error, as without us."""
    with pytest.raises(DBAPIError) as caught, Session(far.engine) as session:
        with UnitOfWork(far, session=session) as uow:
            deposit(uow)
        proxy.before_commit()
        session.commit()
    assert caught.value.connection_invalidated
    assert_nothing(far)


def end_connections(database: Database) -> None:
    """End every connection to the database, from another one, and wait until they are gone."""
    server, name = database.server, database.url.database
    if database.family == "postgresql":
        one = "select pg_terminate_backend(pid, 30000) from pg_stat_activity where datname = "
        server.query(f"{one}'{name}'")
        return
    of_ours = f"select id from information_schema.processlist where db = '{name}'"
    for number in server.query(of_ours):
        server.execute(f"kill {number}")
    wait_until(lambda: not server.query(of_ours))


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("moment", ["load", "flush", "end"])
def test_transact_repeats_when_its_backend_is_killed(
    bank: EventStore, database: Database, moment: str
) -> None:
    """Before a load, before the caller's flush, or before the append."""
    append(bank, ADA, [Opened("Ada")])
    runs: list[int] = []

    def work(uow: UnitOfWork) -> None:
        runs.append(1)
        assert uow.session.connection()
        for step in ("load", "flush", "end"):
            if step == moment and len(runs) == 1:
                end_connections(database)
            if step == "load":
                deposit(uow)
            if step == "flush":
                uow.session.flush()

    assert 2 == transact(bank, work).attempts
    assert_deposited_once(bank)


@pytest.mark.usefixtures("notes")
def test_a_killed_backend_leaves_nothing(bank: EventStore, database: Database) -> None:
    """Without `transact` the error is the driver's; the next unit has a new connection."""
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises((DBAPIError, RetryTransaction)), UnitOfWork(bank) as uow:
        deposit(uow)
        uow.session.flush()
        end_connections(database)
    assert_nothing(bank)
    with UnitOfWork(bank) as uow:
        deposit(uow)
    assert_deposited_once(bank)


def test_a_killed_server_comes_back(bank: EventStore, database: Database) -> None:
    """What was committed is there; work goes on by itself."""
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises((DBAPIError, RetryTransaction)), UnitOfWork(bank) as uow:
        uow.get(Account, "ada").deposit(1)
        database.server.kill()
    database.server.start()
    done = transact(bank, lambda uow: uow.get(Account, "ada").deposit(2))
    assert 1 <= done.attempts <= 2
    assert [Opened("Ada"), Deposited(2)] == history(bank, ADA)
