"""Projections: what they are folded from, what live ones give."""

from typing import Any, assert_type

from attrs import define

from sourcery import EventStore, LiveProjection, Projection, Recorded, Token
from sourcery.live import Updates
from sourcery.testing import Projected, given, recorded
from tests.typing.domain import AccountEvent, Deposited, Opened, Placed


@define
class Balances(Projection[AccountEvent], name="balances", categories=["account"]):
    """A single one."""

    total: int = 0

    def apply(self, recorded: Recorded[AccountEvent]) -> None:
        """Evolve."""
        assert_type(recorded.event, Opened | Deposited)
        match recorded.event:
            case Opened():
                pass
            case Deposited(amount):
                self.total += amount


@define
class Card(Projection[AccountEvent], name="card", categories=["account"], per="stream"):
    """One for each account."""

    def concerns(self, recorded: Recorded[AccountEvent]) -> bool:
        """Select in Python as well."""
        return recorded.stream.id == self.id

    def apply(self, recorded: Recorded[AccountEvent]) -> None:
        """Evolve."""


def has_a_place() -> None:
    """Which only the log gives."""
    assert_type(Balances().id, str)
    assert_type(Balances().position, int)
    Balances().id = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def takes_its_own_events(opened: Recorded[Opened], placed: Recorded[Placed]) -> None:
    """As the union says."""
    Balances().apply(opened)
    Balances().apply(placed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class PerDay(  # pyright: ignore[reportGeneralTypeIssues]
    Projection[Opened],
    name="per-day",
    per="day",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
):
    """There are instances by stream; others say themselves what concerns them."""


def a_live_one_gives_its_own_state(store: EventStore, token: Token) -> None:
    """And events of any class."""
    with LiveProjection(store, Balances) as live:
        assert_type(live, LiveProjection[Balances])
        assert_type(live.current(), Balances)
        assert_type(live.current().total, int)
        assert_type(live.read_after(token, timeout=1.0), Balances)
        assert_type(live.position, int)
        updates = live.updates(timeout=1.0)
        assert_type(updates, Updates[Balances])
        assert_type(updates.state, Balances)
        for update in updates:
            assert_type(update, Recorded[Any])
    LiveProjection(store, Card, 5)
    LiveProjection(store, Card, 1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    LiveProjection(store, Opened)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def the_kit_knows_the_projection() -> None:
    """From the class that was given."""
    folded = given(Balances, Opened("Ada"), recorded(Deposited(5), position=7))
    assert_type(folded, Projected[Balances])
    assert_type(folded.projection.total, int)
    assert_type(recorded(Deposited(5)), Recorded[Deposited])
    folded.state(lambda balances: balances.total == 5).state(total=5)
    given(Card, id=5)
