"""The process manager: what happened to one aggregate becomes commands to others.

Its handler runs inside the unit of work that moves its checkpoint: all reservations of an order and
the request for money are stored together, or none of them. So there is nothing to compensate when
the second product has run out, and nothing happens twice when the process is killed.
"""

from examples.storefront.domain import Order, Payment, Product
from examples.storefront.events import Captured, Failed, Line, Placed
from sourcery import EventStore, Recorded, Subscriber, UnitOfWork

Trigger = Placed | Captured | Failed


def fulfil(uow: UnitOfWork, recorded: Recorded[Trigger]) -> None:
    """Decide what follows. The payment has the order's id."""
    order_id = recorded.stream.id
    order = uow.get(Order, order_id)
    match recorded.event:
        case Placed():
            _reserve(uow, order_id, order)
        case Captured():
            for line in order.lines:
                uow.get(Product, line.sku).ship(order_id)
            order.confirm()
            _tell(uow, order, f"order {order_id} is on its way")
        case Failed(reason=reason):
            for line in order.lines:
                uow.get(Product, line.sku).release(order_id)
            _cancel(uow, order_id, order, reason)


def _reserve(uow: UnitOfWork, order_id: str, order: Order) -> None:
    if short := [line.sku for line in order.lines if not _is_free(uow, line)]:
        _cancel(uow, order_id, order, f"{', '.join(short)} ran out")
        return
    for line in order.lines:
        uow.get(Product, line.sku).reserve(order_id, line.pieces)
    cents = sum(line.pieces * line.cents for line in order.lines)
    uow.create(Payment, order_id).request(order.customer, cents)


def _is_free(uow: UnitOfWork, line: Line) -> bool:
    return uow.get(Product, line.sku).free >= line.pieces


def _cancel(uow: UnitOfWork, order_id: str, order: Order, reason: str) -> None:
    order.cancel(reason)
    _tell(uow, order, f"order {order_id} is cancelled: {reason}")


def _tell(uow: UnitOfWork, order: Order, line: str) -> None:
    """A message to the customer, in order, if and only if all of this commits."""
    uow.publish("mails", key=order.customer, payload={"to": order.customer, "text": line})


def subscriber(store: EventStore) -> Subscriber:
    """The consumer `fulfilment`."""
    return Subscriber(store, "fulfilment", fulfil, events=Trigger)
