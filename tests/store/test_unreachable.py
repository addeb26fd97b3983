"""A database that nobody can connect to: what the first use says, and what is tried again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, event, text
from sqlalchemy.exc import OperationalError

from sourcery import EventStore, UnitOfWork, transact
from sourcery.errors import ConfigurationError, DatabaseUnavailable, LoginRefused
from sourcery.upkeep import schema_state
from tests.databases import Database
from tests.domain import AccountEvent

SERVERS = pytest.mark.databases("postgresql", "mariadb")
SECRET = "hunter2"

FIRST_USES: list[Callable[[EventStore], Any]] = [
    lambda store: store.settled(),
    lambda store: store.upgrade(),
    lambda store: list(store.read(events=AccountEvent)),
    lambda store: transact(store, lambda uow: uow.session),
    schema_state,
]


def opened(url: URL) -> EventStore:
    """As a user gives it."""
    return EventStore(url.render_as_string(hide_password=False))


def refused(url: URL) -> Iterator[URL]:
    """Logins that no server takes."""
    yield url.set(username="nobody", password=SECRET)
    yield url.set(database="nothing", password=SECRET)


@SERVERS
def test_a_refused_login_says_what_to_mend(database: Database) -> None:
    """Wherever it shows first; a user or database that is not there, and no password in it."""
    for url in refused(database.url):
        for use in FIRST_USES:
            with opened(url) as store, pytest.raises(LoginRefused, match="mend the user") as caught:
                use(store)
            assert isinstance(caught.value, ConfigurationError)
            assert SECRET not in f"{caught.value!r}{caught.value}"


@pytest.mark.databases("postgresql")
def test_a_wrong_password_is_a_refused_login(database: Database) -> None:
    """And a user who may not connect to this database, or to none."""
    admin = create_engine(database.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        rules = Path(connection.scalar(text("show hba_file")) or "")
        before = rules.read_text()
        rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}")
        connection.execute(text("select pg_reload_conf()"))
        connection.execute(text("create role guarded login password 'right'"))
        try:
            for password in ("wrong", None):
                url = database.url.set(username="guarded", password=password)
                with opened(url) as store, pytest.raises(LoginRefused):
                    store.settled()
            connection.execute(text("alter role guarded nologin password null"))
            with opened(url.set(password="right")) as store, pytest.raises(LoginRefused):
                store.settled()
        finally:
            rules.write_text(before)
            connection.execute(text("select pg_reload_conf()"))
            connection.execute(text("drop role guarded"))
    admin.dispose()


@SERVERS
def test_a_database_where_nobody_answers(database: Database) -> None:
    """An unknown host and a port without a server: as SQLAlchemy says it, and in words of ours."""
    for url in (database.url.set(host="nowhere.invalid"), database.url.set(port=1)):
        for use in FIRST_USES:
            with opened(url) as store, pytest.raises(OperationalError, match="start it") as caught:
                use(store)
            assert DatabaseUnavailable is type(caught.value)
            assert caught.value.orig is not None


@pytest.mark.databases("sqlite")
def test_a_file_in_no_folder(tmp_path: Path) -> None:
    """It cannot be made, and there is no server to be started."""
    with (
        EventStore(f"sqlite:///{tmp_path}/nothing/bank.db") as store,
        pytest.raises(
            DatabaseUnavailable,
            match=r"unable to open .*: make its folder, and let this program write there",
        ),
    ):
        store.upgrade()


def attempts(store: EventStore, times: int) -> int:
    """How often connecting was tried by a `transact` that failed."""
    tried: list[int] = []
    event.listen(store.engine, "do_connect", lambda *_: tried.append(1))
    with pytest.raises(OperationalError):
        transact(store, lambda uow: uow.session, attempts=times)
    return len(tried)


@SERVERS
def test_transact_repeats_what_may_pass_alone(database: Database) -> None:
    """A server may be there in a moment; a password will not become right."""
    for url in refused(database.url):
        with opened(url) as store:
            assert 1 == attempts(store, 3)
    with opened(database.url.set(port=1)) as store:
        assert 3 <= attempts(store, 3)


@SERVERS
def test_a_login_refused_later_is_not_repeated_either(database: Database) -> None:
    """As when a password is changed; the error is the driver's then, as for any lost connection."""
    with opened(database.url) as store:
        store.settled()
        store.engine.dispose()
        nobody = {"user": "nobody", "password": SECRET}
        event.listen(store.engine, "do_connect", lambda _d, _r, _a, given: given.update(nobody))
        assert 1 == attempts(store, 3)
        with pytest.raises(OperationalError) as caught, UnitOfWork(store) as uow:
            uow.session.execute(text("select 1"))
        assert not isinstance(caught.value, DatabaseUnavailable)
