"""What makes no sense is refused when the subscriber is made, before anything connects."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from attrs import frozen

from sourcery import ErrorPolicy, EventStore, Subscriber
from sourcery.errors import DefinitionError, InvalidArgument, InvalidName, SourceryError
from tests.domain import AnyEvent, Deposited
from tests.subscriber.support import ignore

NAN, INFINITE = float("nan"), float("inf")


@pytest.fixture
def nowhere() -> EventStore:
    """A store whose server does not exist: whatever connects fails with another error."""
    return EventStore("postgresql+psycopg://nobody@127.0.0.1:1/nowhere?connect_timeout=1")


def make(store: EventStore, **options: Any) -> Subscriber:
    """A subscriber that would be good but for these."""
    settings: dict[str, Any] = {"name": "good", "handler": ignore, "events": AnyEvent} | options
    return Subscriber(store, **settings)


async def asynchronous(uow: object, recorded: object) -> None:
    """Whoever calls it gets a coroutine, and nothing is done."""


async def stream(uow: object, recorded: object) -> AsyncIterator[None]:
    """The same."""
    yield


def generator(uow: object, recorded: object) -> Iterator[None]:
    """Whoever calls it gets a generator, and nothing is done."""
    yield


class AsynchronousObject:
    """The same with a method."""

    async def __call__(self, uow: object, recorded: object) -> None:
        """Do nothing."""


BAD_HANDLERS = [
    None,
    "handle",
    asynchronous,
    partial(asynchronous, None),
    stream,
    generator,
    AsynchronousObject(),
]


@pytest.mark.parametrize("handler", BAD_HANDLERS)
def test_a_handler_that_would_do_nothing_is_refused(nowhere: EventStore, handler: Any) -> None:
    """Every event would be passed over without a word."""
    with pytest.raises(InvalidArgument, match="handler: must be a"):
        make(nowhere, handler=handler)


@pytest.mark.parametrize(
    ("handler", "options"),
    [
        (lambda: 0, {}),
        (lambda recorded: 0, {}),
        (lambda uow, recorded, more: 0, {}),
        (lambda uow, *, recorded: 0, {}),
        (lambda batch: 0, {"batch": True}),
        (lambda uow, recorded: 0, {"effects": True}),
        (lambda: 0, {"effects": True}),
        (partial(ignore, None, None), {}),
    ],
)
def test_a_handler_that_cannot_be_called_is_refused(
    nowhere: EventStore, handler: Any, options: Any
) -> None:
    """Every event would fail; the error says how it is called."""
    with pytest.raises(InvalidArgument, match=r"handler: must take \((uow, )?(recorded|events)\)"):
        make(nowhere, handler=handler, **options)


@pytest.mark.parametrize(
    ("handler", "options"),
    [
        (lambda *all: 0, {}),
        (lambda uow, recorded, more=1: 0, {}),
        (partial(lambda first, uow, recorded: 0, 1), {}),
        (dict, {"batch": True}),
        ([].append, {"effects": True}),
        (print, {"effects": True}),
    ],
)
def test_a_handler_that_can_be_called_is_taken(
    nowhere: EventStore, handler: Any, options: Any
) -> None:
    """With whatever defaults, and where nobody knows what it takes."""
    assert "good" == make(nowhere, handler=handler, **options).name


@pytest.mark.parametrize("stop", ["x", 1, 5.0])
def test_what_is_no_event_stops_nothing(nowhere: EventStore, stop: Any) -> None:
    """It is refused before anything connects."""
    with pytest.raises(InvalidArgument) as caught:
        make(nowhere).run(stop)
    assert "stop" == caught.value.argument


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"batch": True, "effects": True}, "batch"),
        ({"batch": "no"}, "batch"),
        ({"effects": 1}, "effects"),
        ({"after": -1}, "after"),
        ({"after": datetime(2026, 1, 1)}, "after"),  # noqa: DTZ001 - that is what is wrong
        ({"after": "now"}, "after"),
        ({"after": True}, "after"),
        ({"shards": 0}, "shards"),
        ({"shards": 1025}, "shards"),
        ({"shards": 2.0}, "shards"),
        ({"page": 0}, "page"),
        ({"page": "500"}, "page"),
        ({"page": 100_001}, "page"),
        ({"page": 10**30}, "page"),
        ({"lease": 0}, "lease"),
        ({"lease": NAN}, "lease"),
        ({"lease": INFINITE}, "lease"),
        ({"page_timeout": -1.0}, "page_timeout"),
        ({"interval": "1"}, "interval"),
        ({"longest_interval": True}, "longest_interval"),
        ({"on_error": "ignore"}, "on_error"),
        ({"on_error": None}, "on_error"),
        ({"categories": "account"}, "categories"),
        ({"categories": None}, "categories"),
        ({"on_caught_up": 3}, "on_caught_up"),
    ],
)
def test_a_bad_option_is_named(nowhere: EventStore, options: Any, named: str) -> None:
    """With what it must be."""
    with pytest.raises(InvalidArgument) as caught:
        make(nowhere, **options)
    assert named == caught.value.argument


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "\ud800", 7, None])
def test_a_name_that_cannot_be_stored_is_refused(nowhere: EventStore, name: Any) -> None:
    """By the rules of all names."""
    with pytest.raises(InvalidName, match="consumer"):
        make(nowhere, name=name)


@pytest.mark.parametrize(("name", "shown"), [(7, "'7'"), (True, "'True'"), (10**50, "'a number'")])
def test_a_name_that_is_a_number_is_shown(nowhere: EventStore, name: Any, shown: str) -> None:
    """Unless it would fill a page."""
    with pytest.raises(
        InvalidName, match=f"consumer {shown} must be a string, not {type(name).__name__}"
    ):
        make(nowhere, name=name)


@frozen
class Undeclared:
    """A class without a kind."""


@pytest.mark.parametrize("events", [[Deposited], Undeclared, "account.deposited", 7])
def test_what_is_no_union_of_events_is_refused(nowhere: EventStore, events: Any) -> None:
    """As everywhere."""
    with pytest.raises(DefinitionError):
        make(nowhere, events=events)


def test_without_events_those_of_the_store_are_meant(nowhere: EventStore) -> None:
    """A store that declares none has none."""
    with pytest.raises(InvalidArgument, match=r"say which: Subscriber\(events="):
        make(nowhere, events=None)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"then": "retry"}, "on_error"),
        ({"retries": -1}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"wait": 0}, "wait"),
        ({"longest_wait": NAN}, "longest_wait"),
    ],
)
def test_an_error_policy_is_checked_by_itself(options: Any, named: str) -> None:
    """Wherever it is made."""
    with pytest.raises(InvalidArgument) as caught:
        ErrorPolicy(**options)
    assert named == caught.value.argument


def test_all_of_these_are_errors_of_ours(nowhere: EventStore) -> None:
    """And a good one connects to nothing either until it runs."""
    assert "good" == make(nowhere).name
    with pytest.raises(SourceryError):
        make(nowhere, shards=-1)
