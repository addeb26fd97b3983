"""Subscribers: the handler must take what `events=` says, in the way that it is called."""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any, assert_type

from sourcery import NOW, ORIGIN, ErrorPolicy, EventStore, Recorded, Subscriber, UnitOfWork
from tests.typing.domain import AccountEvent, Deposited, Opened, Placed


def each(uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
    """One event after the other."""
    assert_type(recorded.event, Opened | Deposited)


def each_opened(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
    """Of one class."""


def each_of_anything(uow: UnitOfWork, recorded: Recorded[Any]) -> str:
    """Whatever comes; what it returns is of no use to anybody."""
    return recorded.kind


def each_object(uow: UnitOfWork, recorded: Recorded[object]) -> None:
    """The same, more carefully."""


def batched(uow: UnitOfWork, batch: Sequence[Recorded[AccountEvent]]) -> None:
    """A page at once."""


def effect(recorded: Recorded[AccountEvent]) -> None:
    """Without a transaction."""


class Board:
    """Handlers may be methods, and objects that can be called."""

    def show(self, uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
        """One event."""

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Opened | Deposited]) -> None:
        """One event."""


def a_handler_takes_what_events_says(store: EventStore) -> None:
    """The union in any spelling, a part of what the handler can take, or anything."""
    Subscriber(store, "balances", each, events=AccountEvent)
    Subscriber(store, "balances", each, events=Deposited | Opened)
    Subscriber(store, "balances", each, events=Opened)
    Subscriber(store, "balances", each_opened, events=Opened)
    Subscriber(store, "balances", each_of_anything, events=Placed)
    Subscriber(store, "balances", each_object, events=AccountEvent | Placed)
    Subscriber(store, "balances", Board().show, events=AccountEvent)
    Subscriber(store, "balances", Board(), events=AccountEvent)


def a_lambda_knows_what_it_is_given(store: EventStore) -> None:
    """From `events=`."""
    Subscriber(store, "balances", lambda uow, r: uow.session.add(r.event.amount), events=Deposited)


def a_handler_of_other_events_is_an_error(store: EventStore) -> None:
    """Of another class, or of fewer than will come."""
    Subscriber(store, "balances", each, events=Placed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", each_opened, events=AccountEvent)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", each, events=AccountEvent | Placed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def each_way_has_its_handler(store: EventStore) -> None:
    """`batch` and `effects` say which."""
    Subscriber(store, "balances", batched, events=AccountEvent, batch=True)
    Subscriber(store, "mails", effect, events=AccountEvent, effects=True)
    Subscriber(store, "balances", each, events=AccountEvent, batch=False, effects=False)


def the_handler_of_another_way_is_an_error(store: EventStore) -> None:
    """Whichever is taken for whichever."""
    Subscriber(store, "balances", batched, events=AccountEvent)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", effect, events=AccountEvent)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", each, events=AccountEvent, batch=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    Subscriber(store, "balances", each, events=AccountEvent, effects=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    Subscriber(store, "balances", effect, events=AccountEvent, batch=True, effects=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def every_option_is_typed(store: EventStore) -> None:
    """And none is positional."""
    Subscriber(
        store,
        "balances",
        each,
        events=AccountEvent,
        categories=["account"],
        after=NOW,
        shards=4,
        on_error=ErrorPolicy("park", retries=3, wait=0.1, longest_wait=1.0),
        page=100,
        lease=10.0,
        page_timeout=60.0,
        interval=0.01,
        longest_interval=0.5,
        on_caught_up=Event().set,
    )
    Subscriber(store, "balances", each, events=AccountEvent, after=7, on_error="skip")
    Subscriber(store, "balances", each, events=AccountEvent, after=ORIGIN, on_error="stop")
    Subscriber(store, "balances", each, events=AccountEvent, after=datetime.now(UTC))
    Subscriber(store, "balances", each, events=AccountEvent, after="now")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", each, events=AccountEvent, on_error="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Subscriber(store, "balances", each, events=AccountEvent, shard=4)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Subscriber(store, "balances", each, AccountEvent)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Subscriber(store, "balances", each)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    ErrorPolicy("retry")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def it_says_what_it_did(store: EventStore) -> None:
    """The number of events."""
    subscriber = Subscriber(store, "balances", each, events=AccountEvent)
    assert_type(subscriber.name, str)
    assert_type(subscriber.run_once(), int)
    assert_type(subscriber.drain(timeout=5.0), int)
    subscriber.run(Event())
    subscriber.stop()
