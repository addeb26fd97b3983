"""Django: events in Django's own transaction, on Django's own connection."""

import warnings
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from examples.bank import Account, Deposited, Opened, Withdrawn
from sourcery import EventStore, Relay, Stream, UnitOfWork
from sourcery.errors import (
    AutocommitRefused,
    DatabaseMisconfigured,
    UnknownDatabase,
    VersionConflict,
    WrongDatabase,
)
from sourcery.publishers import CallablePublisher
from tests.databases import Database
from tests.frameworks import django_site
from tests.ordering.support import DEADLINE
from tests.wakeups.support import NEVER, is_left_alone, is_woken

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ADA = Stream("account", "ada")


@pytest.fixture(autouse=True)
def site(database: Database) -> Iterator[None]:
    """Django on this test's database."""
    with warnings.catch_warnings(), django_site.on(database):
        yield


@pytest.fixture
def client() -> Any:
    """Django's own test client."""
    from django.test import Client

    return Client()


def post(client: Any, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """A request with JSON."""
    answer = client.post(path, body, content_type="application/json")
    return answer.status_code, answer.json()


def history(bank: EventStore) -> list[object]:
    """The account's events, as another connection sees them."""
    return [recorded.event for recorded in bank.read(ADA)]


def receipts() -> list[str]:
    """Numbers of Django's rows."""
    from examples.django_bank.models import Receipt

    return sorted(Receipt.objects.values_list("number", flat=True))


def test_a_request_writes_events_messages_and_rows(bank: EventStore, client: Any) -> None:
    """All of them by Django's one commit."""
    assert (201, {}) == post(client, "/accounts/ada/", owner="Ada")
    paid = post(client, "/accounts/ada/deposits/", cents=500, number="r1")
    assert (201, {"cents": 500}) == paid
    assert [Opened("Ada"), Deposited(500)] == history(bank)
    assert ["r1"] == receipts()
    sent: list[bytes] = []
    Relay(bank, CallablePublisher(lambda message: sent.append(message.payload))).drain()
    assert [b'{"cents":500}'] == sent


def test_what_fails_in_django_undoes_the_events(bank: EventStore, client: Any) -> None:
    """The second receipt of a number is refused by the database."""
    from django.db import IntegrityError

    post(client, "/accounts/ada/", owner="Ada")
    post(client, "/accounts/ada/deposits/", cents=500, number="r1")
    with pytest.raises(IntegrityError):
        post(client, "/accounts/ada/deposits/", cents=700, number="r1")
    assert [Opened("Ada"), Deposited(500)] == history(bank)
    assert ["r1"] == receipts()


def test_a_refusal_of_the_domain_undoes_the_unit_alone(bank: EventStore, client: Any) -> None:
    """The request goes on, and answers."""
    post(client, "/accounts/ada/", owner="Ada")
    post(client, "/accounts/ada/deposits/", cents=5, number="r1")
    assert 422 == post(client, "/accounts/ada/withdrawals/", cents=6)[0]
    assert 201 == post(client, "/accounts/ada/withdrawals/", cents=5)[0]
    assert [Opened("Ada"), Deposited(5), Withdrawn(5)] == history(bank)


def test_a_conflict_leaves_the_transaction_usable(bank: EventStore, client: Any) -> None:
    """Django writes on, and commits."""
    from django.db import transaction

    from examples.django_bank.models import Receipt
    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    assert 201 == post(client, "/accounts/ada/", owner="Ada")[0]
    assert 409 == post(client, "/accounts/ada/", owner="Bob")[0]
    with transaction.atomic():
        with pytest.raises(VersionConflict), unit_of_work(store()) as uow:
            Receipt.objects.create(account="ada", cents=1, number="undone")
            uow.append(ADA, [Opened("Eve")], expected=0)
        Receipt.objects.create(account="ada", cents=1, number="kept")
    assert ([Opened("Ada")], ["kept"]) == (history(bank), receipts())


def test_djangos_rollback_leaves_nothing(bank: EventStore) -> None:
    """Neither of an atomic block nor of a savepoint inside one; what follows is in order."""
    from django.db import transaction

    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    def opened(owner: str, *, undo: bool) -> None:
        with transaction.atomic():
            with unit_of_work(store()) as uow:
                uow.append(ADA, [Opened(owner)])
            transaction.set_rollback(undo)

    opened("all of it", undo=True)
    with transaction.atomic():
        opened("first", undo=False)
        opened("savepoint", undo=True)
        opened("second", undo=False)
    assert [Opened("first"), Opened("second")] == history(bank)
    assert [1, 2] == [recorded.version for recorded in bank.read(ADA)]


def test_a_connection_that_is_not_borrowed_would_commit(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: with SQLAlchemy's commit let through, events outlive a rollback."""
    from django.db import transaction

    from examples.django_bank.store import store
    from sourcery.ext.borrowing import Borrowed
    from sourcery.ext.django import unit_of_work

    monkeypatch.setattr(Borrowed, "rollback", lambda self: self._driver.commit())
    with transaction.atomic():
        with unit_of_work(store()) as uow:
            uow.append(ADA, [Opened("Ada")])
        with pytest.raises(VersionConflict), unit_of_work(store()) as uow:
            uow.append(ADA, [Opened("Bob")], expected=0)
        transaction.set_rollback(True)
    assert [Opened("Ada")] == history(bank)


def test_a_unit_sees_what_the_transaction_wrote(bank: EventStore) -> None:
    """It is the same connection; another one sees nothing yet."""
    from django.db import transaction

    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    with transaction.atomic():
        with unit_of_work(store()) as uow:
            uow.create(Account, "ada").open("Ada")
        with unit_of_work(store()) as uow:
            uow.get(Account, "ada").deposit(3)
        assert [] == history(bank)
    assert [Opened("Ada"), Deposited(3)] == history(bank)


def test_outside_atomic_it_is_refused(bank: EventStore) -> None:
    """Each statement would commit by itself."""
    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    with pytest.raises(AutocommitRefused, match="atomic"), unit_of_work(store()):
        pass
    assert [] == history(bank)


def test_another_database_is_refused(bank: EventStore) -> None:
    """A store elsewhere would lose what it is given."""
    from django.db import transaction

    from sourcery.ext.django import unit_of_work

    with EventStore("sqlite://", aggregates=[Account]) as other:
        other.upgrade()
        with pytest.raises(WrongDatabase), transaction.atomic(), unit_of_work(other):
            pass


@pytest.mark.parametrize("undo", [False, True])
def test_djangos_commit_wakes_readers(database: Database, *, undo: bool) -> None:
    """Not the end of the unit, when nothing can be seen yet; and no rollback does."""
    from django.db import transaction

    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    with (
        EventStore(database.url, notify=False) as reader,
        reader.database.waiting(interval=NEVER, longest=NEVER) as waiting,
    ):
        with transaction.atomic():
            with unit_of_work(store()) as uow:
                uow.append(ADA, [Opened("Ada")])
            assert is_left_alone(waiting)
            transaction.set_rollback(undo)
        assert is_left_alone(waiting) if undo else is_woken(waiting)


def test_a_retry_runs_all_of_it_again(bank: EventStore) -> None:
    """Django's rows too, on fresh state."""
    from examples.django_bank.models import Receipt
    from examples.django_bank.store import store
    from sourcery.ext.django import transact

    with UnitOfWork(bank) as uow:
        uow.create(Account, "ada").open("Ada")
    runs: list[int] = []

    def pay_in(uow: UnitOfWork) -> int:
        account = uow.get(Account, "ada")
        runs.append(account.version)
        number = f"r{len(runs)}"
        if len(runs) == 1 and bank.engine.dialect.name == "sqlite":
            raise VersionConflict(ADA, 1, 2)  # nobody else can write meanwhile
        if len(runs) == 1:
            with UnitOfWork(bank) as other:
                other.get(Account, "ada").deposit(1)
        account.deposit(10)
        Receipt.objects.create(account="ada", cents=10, number=number)
        return account.cents

    faster = 0 if bank.engine.dialect.name == "sqlite" else 1
    assert 10 + faster == transact(store(), pay_in)
    assert ([1, 1 + faster], ["r2"]) == (runs, receipts())


def test_a_retry_inside_another_transaction_is_refused(bank: EventStore) -> None:
    """It could not be run again."""
    from django.db import transaction

    from examples.django_bank.store import store
    from sourcery.ext.django import transact

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        transact(store(), lambda uow: None)


def test_the_subscriber_keeps_the_models_table(bank: EventStore, client: Any) -> None:
    """On connections of its own; the request reads it by Django's model."""
    from examples.django_bank.balances import subscriber
    from examples.django_bank.store import store

    post(client, "/accounts/ada/", owner="Ada")
    post(client, "/accounts/ada/deposits/", cents=500, number="r1")
    post(client, "/accounts/ada/withdrawals/", cents=200)
    subscriber(store()).drain()
    assert {"cents": 300} == client.get("/accounts/ada/balance/").json()


def test_threads_have_their_own_connections(bank: EventStore, client: Any) -> None:
    """As Django gives each request one; retries make the sum right."""
    from django.db import connections
    from django.test import Client

    post(client, "/accounts/ada/", owner="Ada")

    def work(name: str) -> None:
        for number in range(5):
            post(Client(), "/accounts/ada/deposits/", cents=1, number=f"{name}{number}")
        connections.close_all()

    threads = [Thread(target=work, args=[name]) for name in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert 10 == len(receipts()) == len(history(bank)) - 1


@pytest.mark.databases("sqlite")
def test_sqlite_that_begins_as_a_reader_is_refused(bank: EventStore) -> None:
    """Two writers would fail with "database is locked"."""
    from django.db import connection, transaction

    from examples.django_bank.store import store
    from sourcery.ext.django import unit_of_work

    connection.transaction_mode = None
    with (
        pytest.raises(DatabaseMisconfigured, match="IMMEDIATE"),
        transaction.atomic(),
        unit_of_work(store()),
    ):
        pass


@pytest.mark.databases("sqlite")
def test_other_backends_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what was tried is claimed."""
    from django.db import connection

    from sourcery.ext.django import database_url

    monkeypatch.setattr(connection, "vendor", "oracle")
    with pytest.raises(UnknownDatabase, match="oracle"):
        database_url()


def test_the_url_leads_to_djangos_database(database: Database) -> None:
    """As its settings name it."""
    from sourcery.ext.django import database_url

    assert database.url.database == database_url().database
