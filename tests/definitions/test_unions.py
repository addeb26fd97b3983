"""A set of events is a union, everywhere; an alias of one is as good."""

import sys
from typing import Any, Optional, Union

import pytest
from attrs import frozen
from typing_extensions import TypeAliasType

from sourcery import Aggregate, EventStore, event
from sourcery.errors import DefinitionError
from sourcery.events import event_classes
from tests.domain import Account, AccountEvent, Deposited, Opened, Order, Placed, Shipped, Withdrawn

OrderEvent = TypeAliasType("OrderEvent", Placed | Shipped)


@event("account.opened")
@frozen
class OpenedAgain:
    """Of a kind that is taken."""


def test_one_class_alone_is_a_union_of_one() -> None:
    """Nothing need be written around it."""
    assert (Opened,) == event_classes(Opened)


def test_a_union_is_its_classes_in_order() -> None:
    """However it is spelt."""
    assert (Opened, Deposited, Withdrawn) == event_classes(AccountEvent)
    assert (Opened, Placed) == event_classes(Union[Opened, Placed])  # noqa: UP007 - the old way


def test_an_alias_stands_for_its_classes() -> None:
    """Also inside another union; a class named twice is there once."""
    assert (Placed, Shipped) == event_classes(OrderEvent)
    assert (Opened, Placed, Shipped) == event_classes(Union[Opened, OrderEvent, Placed])  # noqa: UP007


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` statements came with Python 3.12")
def test_a_type_statement_stands_for_its_classes() -> None:
    """Evaluated when it is asked for."""
    names: dict[str, Any] = {"Placed": Placed, "Shipped": Shipped, "Opened": Opened}
    exec("type Orders = Placed | Shipped\ntype All = Orders | Opened", names)  # noqa: S102
    assert (Placed, Shipped, Opened) == event_classes(names["All"])


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([Opened, Deposited], id="list"),
        pytest.param((Opened, Deposited), id="tuple"),
        pytest.param({Opened}, id="set"),
        pytest.param("Opened | Deposited", id="string"),
        pytest.param(Optional[Opened], id="optional"),  # noqa: UP045 - the old way
        pytest.param(None, id="none"),
        pytest.param(Opened("Ada"), id="instance"),
    ],
)
def test_what_is_no_union_is_refused(events: object) -> None:
    """The text shows how to write one."""
    with pytest.raises(DefinitionError, match=r"written as a union, A \| B, not "):
        event_classes(events)


@pytest.mark.parametrize("events", [int, Opened | int, Any])
def test_a_class_that_is_no_event_is_refused(events: object) -> None:
    """By its name."""
    with pytest.raises(DefinitionError, match="is not an event: decorate the class"):
        event_classes(events)


def test_a_kind_twice_in_one_union_is_refused() -> None:
    """Both classes are named."""
    both = r"Opened and OpenedAgain are both of kind 'account\.opened'"
    with pytest.raises(DefinitionError, match=both):
        event_classes(Opened | Deposited | OpenedAgain)
    with pytest.raises(DefinitionError, match=both):

        class Twice(Aggregate[Opened | OpenedAgain], category="twice"):
            def apply(self, event: object) -> None:
                pass


def test_a_kind_twice_in_one_store_is_refused() -> None:
    """Across aggregates and further events, before anything connects."""
    both = "EventStore: Opened and OpenedAgain are both of kind"
    with pytest.raises(DefinitionError, match=both):
        EventStore("sqlite://", aggregates=[Account], events=OpenedAgain)
    with pytest.raises(DefinitionError, match=both):
        EventStore("sqlite://", events=[Opened | Deposited, OpenedAgain])


def test_one_class_may_be_declared_twice_in_one_store() -> None:
    """Two aggregates may share an event class."""
    with EventStore("sqlite://", aggregates=[Account, Order, Account], events=Opened) as store:
        store.upgrade()
        assert [] == list(store.read())


@pytest.mark.parametrize("declared", [Opened, 5])
def test_a_store_takes_aggregates_only_as_aggregates(declared: Any) -> None:
    """An event class among them is a slip of the pen."""
    with pytest.raises(DefinitionError, match="is not an Aggregate"):
        EventStore("sqlite://", aggregates=[declared])
