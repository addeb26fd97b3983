"""What a store is made of, and what takes a store: mistakes are named where they are made."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from sourcery import (
    Consumer,
    EventStore,
    LiveProjection,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    accepting,
    transact,
)
from sourcery.errors import ExtraMissing, InvalidArgument, InvalidName
from sourcery.publishers import CallablePublisher
from sourcery.testing.conformance.projections import History
from tests.domain import Account, Deposited

pytestmark = pytest.mark.databases("sqlite")

PRINTED = CallablePublisher(print)


def handle(*_: object) -> None:
    """Do nothing."""


TAKERS: list[Callable[[Any], object]] = [
    UnitOfWork,
    lambda store: transact(store, handle),
    lambda store: Subscriber(store, "name", handle, events=Deposited),
    lambda store: Relay(store, PRINTED),
    lambda store: Relay.of_events(store, PRINTED, handle, events=Deposited, name="name"),
    lambda store: Consumer(store, "name"),
    lambda store: LiveProjection(store, History),
    lambda store: accepting(store, "name"),
]


@pytest.mark.parametrize("taker", TAKERS)
def test_what_is_no_store_is_refused(taker: Callable[[Any], object]) -> None:
    """Its URL above all."""
    with pytest.raises(InvalidArgument, match=r"store: must be an EventStore, not str: make one"):
        taker("sqlite://")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aggregates", Account),
        ("upcasters", 3),
        ("messages", handle),
        ("codec", 3),
        ("codec", dict),
        ("notify", "no"),
    ],
)
def test_a_wrong_setting_of_a_store_is_named(name: str, value: Any) -> None:
    """One in the place of several, a class in the place of an object."""
    with pytest.raises(InvalidArgument, match=f"^{name}: "):
        EventStore("sqlite://", **{name: value})


@pytest.mark.parametrize("name", ["", 5, "e" * 101])
def test_an_environment_that_is_no_name_is_refused(name: Any) -> None:
    """The first store that names one writes it down: an empty variable must not."""
    with pytest.raises(InvalidName, match="environment "):
        EventStore("sqlite://", environment=name)


@pytest.mark.parametrize("events", [Deposited, 5, "text"])
def test_one_event_in_the_place_of_several_is_refused(events: Any) -> None:
    """It says how to write one."""
    with (
        EventStore("sqlite://") as store,
        UnitOfWork(store) as uow,
        pytest.raises(InvalidArgument, match=r"write one as \[event\]"),
    ):
        uow.append(Stream("account", "ada"), events, expected=0)


@pytest.mark.parametrize(
    ("url", "driver"),
    [("postgresql://u:pa55word@h/d", "psycopg"), ("mariadb://u:pa55word@h/d", "pymysql")],
)
def test_a_missing_driver_is_an_extra(
    url: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by the error, which shows nothing of the URL."""
    for name in [name for name in sys.modules if name.split(".")[0] == driver]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(ExtraMissing, match=r"pip install 'sourcery-events\[") as caught:
        EventStore(url)
    assert "pa55word" not in str(caught.value)
