"""Products, orders and payments: each decides alone, and knows nothing of the others."""

from enum import Enum

from attrs import define, field

from examples.storefront.events import (
    Cancelled,
    Captured,
    Confirmed,
    Failed,
    Line,
    OrderEvent,
    PaymentEvent,
    Placed,
    ProductEvent,
    Released,
    Requested,
    Reserved,
    Shipped,
    Stocked,
)
from sourcery import Aggregate, every


class Refused(Exception):
    """A rule of the shop says no."""


@define
class Product(Aggregate[ProductEvent], category="product", snapshot=every(100)):
    """The pieces of one sku, and for which orders they are kept."""

    on_hand: int = 0
    kept: dict[str, int] = field(factory=dict[str, int])

    @property
    def free(self) -> int:
        """Pieces that can be sold."""
        return self.on_hand - sum(self.kept.values())

    def stock(self, pieces: int) -> None:
        """Take pieces in."""
        self.record(Stocked(pieces))

    def reserve(self, order: str, pieces: int) -> None:
        """Keep pieces for an order."""
        if pieces > self.free:
            raise Refused(f"only {self.free} pieces are free")
        self.record(Reserved(order, pieces))

    def release(self, order: str) -> None:
        """Let them go; nothing happens when none are kept."""
        if pieces := self.kept.get(order):
            self.record(Released(order, pieces))

    def ship(self, order: str) -> None:
        """Send them off."""
        self.record(Shipped(order, self.kept[order]))

    def apply(self, event: ProductEvent) -> None:
        """Evolve."""
        match event:
            case Stocked(pieces):
                self.on_hand += pieces
            case Reserved(order, pieces):
                self.kept[order] = pieces
            case Released(order):
                self.kept.pop(order, None)
            case Shipped(order, pieces):
                self.kept.pop(order, None)
                self.on_hand -= pieces


class OrderState(Enum):
    """How far an order is."""

    NEW = "new"
    PLACED = "placed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@define
class Order(Aggregate[OrderEvent], category="order"):
    """One order."""

    state: OrderState = OrderState.NEW
    customer: str = ""
    lines: list[Line] = field(factory=list[Line])

    def place(self, customer: str, lines: list[Line]) -> None:
        """Begin."""
        if self.state is not OrderState.NEW:
            raise Refused(f"it is {self.state.value}")
        if not lines:
            raise Refused("an order has at least one line")
        self.record(Placed(customer, lines))

    def confirm(self) -> None:
        """It is paid; a second time nothing happens."""
        if self.state is OrderState.PLACED:
            self.record(Confirmed(self.customer))

    def cancel(self, reason: str) -> None:
        """Give up; a second time nothing happens."""
        if self.state is OrderState.PLACED:
            self.record(Cancelled(self.customer, reason))

    def apply(self, event: OrderEvent) -> None:
        """Evolve."""
        match event:
            case Placed(customer, lines):
                self.state, self.customer, self.lines = OrderState.PLACED, customer, lines
            case Confirmed():
                self.state = OrderState.CONFIRMED
            case Cancelled():
                self.state = OrderState.CANCELLED


@define
class Payment(Aggregate[PaymentEvent], category="payment"):
    """The money for one order, whose id it has."""

    customer: str = ""
    cents: int = 0
    is_open: bool = False

    def request(self, customer: str, cents: int) -> None:
        """Ask for it."""
        self.record(Requested(customer, cents))

    def capture(self) -> None:
        """It came."""
        self._check_open()
        self.record(Captured(self.customer, self.cents))

    def fail(self, reason: str) -> None:
        """It did not."""
        self._check_open()
        self.record(Failed(self.customer, reason))

    def _check_open(self) -> None:
        if not self.is_open:
            raise Refused("this payment is over")

    def apply(self, event: PaymentEvent) -> None:
        """Evolve."""
        match event:
            case Requested(customer, cents):
                self.customer, self.cents, self.is_open = customer, cents, True
            case Captured() | Failed():
                self.is_open = False
