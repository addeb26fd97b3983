"""Passwords are in no error, log or representation of ours, wherever in a URL they stand."""

import logging
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore
from sourcery.errors import InvalidArgument, SchemaMissing, SourceryError
from sourcery.publishers import publisher_for
from tests.databases import Database

pytestmark = pytest.mark.promise(48)

#: With what has to be escaped in a URL.
SECRET = "hunter/2@#? %é"
ESCAPED = quote(SECRET, safe="")


def told(error: BaseException) -> str:
    """All that a log shows of an error, and of those behind it."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


def leaks(text: str) -> bool:
    """Whether it, or a piece of it, is in there."""
    return any(part in text for part in (SECRET, ESCAPED, "hunter"))


def urls(url: URL) -> Iterator[URL]:
    """The database with a password where drivers take one."""
    yield url.set(password=SECRET)
    yield url.update_query_dict({"password": SECRET})


@pytest.mark.databases("postgresql", "mariadb")
def test_a_database_that_is_not_as_it_should_be(
    empty_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Without tables, at a port where nobody is, of another name, closed, or refusing the user."""
    for url in urls(empty_database.url):
        for wrong in (url, url.set(port=1), url.set(database="nobody"), url.set(username="nobody")):
            store = EventStore(wrong.render_as_string(hide_password=False))
            with (
                caplog.at_level(logging.DEBUG, "sourcery"),
                pytest.raises((SourceryError, DBAPIError)) as caught,
            ):
                store.settled()
            store.close()
            with pytest.raises(SourceryError) as closed:
                store.settled()
            shown = told(caught.value) + told(closed.value) + repr(store) + caplog.text
            assert not leaks(shown)


@pytest.mark.databases("postgresql")
def test_a_missing_schema_names_the_database(empty_database: Database) -> None:
    """Its address, without user's secrets, tells which one it was."""
    url = empty_database.url.update_query_dict({"password": SECRET})
    with EventStore(url) as store, pytest.raises(SchemaMissing) as caught:
        store.settled()
    assert str(empty_database.url.database) in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ada:{ESCAPED}/bank",
        "postgresql://ada:hunter/bank",
        f"postgresql//ada:{ESCAPED}@host/bank",
        f"nobody://ada:{ESCAPED}@host/bank",
        f"sqlite+nobody://ada:{ESCAPED}@host/bank",
        f"host=db password={SECRET}",
        "postgresql://ada@host:hunter/bank",
        f"postgresql+asyncpg://ada:{ESCAPED}@host/bank",
    ],
)
def test_a_url_that_is_none_is_a_typed_error(url: str) -> None:
    """A slip in it puts the password where something else is read, and quoted."""
    with pytest.raises(SourceryError) as caught:
        EventStore(url)
    assert not leaks(told(caught.value))


BROKERS = ["amqp", "amqps", "nats", "redis", "rediss", "valkey", "kafka", "http", "https"]


@pytest.mark.parametrize("scheme", BROKERS)
def test_a_publisher_does_not_show_it(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither when nobody is there, nor as an object, nor when an option is wrong."""
    url = f"{scheme}://ada:{ESCAPED}@127.0.0.1:1"
    with caplog.at_level(logging.DEBUG, "sourcery"):
        with pytest.raises(SourceryError) as refused:  # a webhook's options stand behind #
            publisher_for(f"{url}?password={ESCAPED}&nobody=1#secret={ESCAPED}&nobody=1")
        publisher = publisher_for(url)
        with pytest.raises(SourceryError) as caught:
            publisher.probe()
        publisher.close()
    shown = told(refused.value) + told(caught.value) + repr(publisher) + caplog.text
    assert not leaks(shown)


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_password_that_was_not_escaped_is_no_host(scheme: str) -> None:
    """What follows its first @ would be looked for in the network, and told in the error."""
    with pytest.raises(InvalidArgument, match="write that of a password as %40") as refused:
        EventStore(f"{scheme}://ada:ab@hunter2@127.0.0.1:1/bank")
    assert not leaks(f"{refused.value} {refused.value!r}")
