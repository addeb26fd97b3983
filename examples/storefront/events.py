"""What happens in the shop. Ids of others are in an event only where somebody joins by them."""

from attrs import frozen

from sourcery import event


@frozen
class Line:
    """So many pieces of a product."""

    sku: str
    pieces: int
    #: Of one piece.
    cents: int


@event("product.stocked")
@frozen
class Stocked:
    """Pieces came in."""

    pieces: int


@event("product.reserved")
@frozen
class Reserved:
    """Pieces are kept for an order."""

    order: str
    pieces: int


@event("product.released")
@frozen
class Released:
    """They are free again."""

    order: str
    pieces: int


@event("product.shipped")
@frozen
class Shipped:
    """They have left."""

    order: str
    pieces: int


@event("order.placed")
@frozen
class Placed:
    """A customer wants something."""

    customer: str
    lines: list[Line]

    @property
    def cents(self) -> int:
        """The sum."""
        return sum(line.pieces * line.cents for line in self.lines)


@event("order.confirmed")
@frozen
class Confirmed:
    """It is paid, and on its way."""

    customer: str


@event("order.cancelled")
@frozen
class Cancelled:
    """Nothing comes of it."""

    customer: str
    reason: str


@event("payment.requested")
@frozen
class Requested:
    """A customer is asked for money."""

    customer: str
    cents: int


@event("payment.captured")
@frozen
class Captured:
    """It came."""

    customer: str
    cents: int


@event("payment.failed")
@frozen
class Failed:
    """It did not."""

    customer: str
    reason: str


ProductEvent = Stocked | Reserved | Released | Shipped
OrderEvent = Placed | Confirmed | Cancelled
PaymentEvent = Requested | Captured | Failed
