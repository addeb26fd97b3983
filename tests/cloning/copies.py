"""Real copies of a test's database, as administrators make them."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from sourcery import EventStore
from sourcery.errors import StoreCloned
from tests.databases import Database
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import new_name
from tests.domain import AccountEvent, open_bank
from tests.ordering.clusters import dump_and_restore, new_server_like
from tests.subscriber.support import subscriber


def under(url: URL, database: Database) -> Database:
    """The copy at a URL, on the same server."""
    return Database(name=database.name, url=url, server=database.server)


@contextmanager
def copied(database: Database) -> Iterator[Database]:
    """A copy under another name, beside the original, which nobody is connected to."""
    copies = {"postgresql": _by_template, "mariadb": _by_dump, "sqlite": _by_file}
    url = copies[database.family](database)
    yield under(url, database)
    database.server.drop_database(url)


def _by_template(database: Database) -> URL:
    name = new_name()
    database.server.execute(f"CREATE DATABASE {name} TEMPLATE {database.url.database}")
    return database.url.set(database=name)


def _by_dump(database: Database) -> URL:
    url = database.server.create_database()
    access = ["--host=127.0.0.1", f"--port={url.port}", "--user=root", "--protocol=tcp"]
    dump = ["mariadb-dump", "--no-defaults", *access, "--single-transaction", database.url.database]
    text = subprocess.run(dump, check=True, capture_output=True).stdout
    restore = ["mariadb", "--no-defaults", *access, url.database]
    subprocess.run(restore, check=True, capture_output=True, input=text)
    return url


def _by_file(database: Database) -> URL:
    url = database.server.create_database()
    shutil.copyfile(path_of(database.url), path_of(url))
    return url


def path_of(url: URL) -> Path:
    """Of a SQLite file."""
    assert url.database
    return Path(url.database)


@contextmanager
def on_another_server(database: Database) -> Iterator[Database]:
    """A PostgreSQL database of the same name, dumped here and restored into a new server."""
    assert isinstance(database.server, PostgreSQL)
    with new_server_like(database.server) as new:
        name = database.url.database
        new.execute(f"CREATE DATABASE {name}")
        url = new.admin_url.set(database=name)
        dump_and_restore(database.server, database.url, url)
        yield Database(name=database.name, url=url, server=new)


def handled(bank: EventStore, name: str = "mails") -> int:
    """Let an effect handler work; how many events it was given."""
    return subscriber(bank, lambda recorded: None, name=name, effects=True).drain()


def stands_still(database: Database) -> StoreCloned:
    """The error with which an effect handler refuses to start there."""
    with open_bank(database) as bank, pytest.raises(StoreCloned) as caught:
        handled(bank)
    return caught.value


def projected(bank: EventStore) -> int:
    """Let a consumer without effects work; how many events it was given."""
    return subscriber(bank, lambda uow, recorded: None, events=AccountEvent).drain()
