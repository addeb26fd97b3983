"""Four read models of different shapes, all folded from the one log."""

from attrs import define, field

from examples.storefront.events import (
    Cancelled,
    Captured,
    Confirmed,
    OrderEvent,
    PaymentEvent,
    Placed,
    ProductEvent,
    Released,
    Reserved,
    Shipped,
    Stocked,
)
from sourcery import Projection, Recorded, every


@define
class Availability(Projection[ProductEvent], name="availability", snapshot=every(1000)):
    """Free pieces by sku, of all products; begins at a snapshot."""

    free: dict[str, int] = field(factory=dict[str, int])

    def apply(self, recorded: Recorded[ProductEvent]) -> None:
        """Fold."""
        event, sku = recorded.event, recorded.stream.id
        change = 0
        match event:
            case Stocked(pieces) | Released(pieces=pieces):
                change = pieces
            case Reserved(pieces=pieces):
                change = -pieces
            case Shipped():
                pass  # they were reserved before
        self.free[sku] = self.free.get(sku, 0) + change


@define
class OrderCard(Projection[OrderEvent], name="order-card", categories=["order"], per="stream"):
    """One order."""

    state: str = "unknown"
    reason: str = ""

    def apply(self, recorded: Recorded[OrderEvent]) -> None:
        """Fold."""
        self.state = recorded.kind.partition(".")[2]
        if isinstance(recorded.event, Cancelled):
            self.reason = recorded.event.reason


CustomerEvent = Placed | Confirmed | Cancelled | Captured


@define
class CustomerAccount(Projection[CustomerEvent], name="customer-account"):
    """One customer: orders and payments, joined by the name that both have."""

    orders: int = 0
    confirmed: int = 0
    spent: int = 0

    def concerns(self, recorded: Recorded[CustomerEvent]) -> bool:
        """Whether it is this customer's."""
        return recorded.event.customer == self.id

    def apply(self, recorded: Recorded[CustomerEvent]) -> None:
        """Fold."""
        match recorded.event:
            case Placed():
                self.orders += 1
            case Confirmed():
                self.confirmed += 1
            case Captured(cents=cents):
                self.spent += cents
            case Cancelled():
                pass


@define
class Revenue(Projection[PaymentEvent], name="revenue"):
    """What came in; kept live."""

    cents: int = 0
    payments: int = 0

    def apply(self, recorded: Recorded[PaymentEvent]) -> None:
        """Fold."""
        if isinstance(recorded.event, Captured):
            self.cents += recorded.event.cents
            self.payments += 1
