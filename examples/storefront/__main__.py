"""Three orders: one is shipped, one finds a shelf empty, one is not paid.

python -m examples.storefront
"""

import json

from examples.storefront.domain import Order, Payment, Product
from examples.storefront.events import Line
from examples.storefront.fulfilment import subscriber
from examples.storefront.views import Availability, CustomerAccount, OrderCard, Revenue
from sourcery import EventStore, LiveProjection, Relay, Token, UnitOfWork, metadata
from sourcery.messages import Message
from sourcery.publishers import CallablePublisher


def place(store: EventStore, order: str, customer: str, *lines: Line) -> None:
    """A customer orders; the process manager takes it from there."""
    with metadata(actor=customer), UnitOfWork(store) as uow:
        uow.create(Order, order).place(customer, list(lines))
    subscriber(store).drain()  # in a real shop: a process of its own


def settle(store: EventStore, order: str, failure: str | None = None) -> Token:
    """The bank calls."""
    with metadata(actor="bank"), UnitOfWork(store) as uow:
        payment = uow.get(Payment, order)
        payment.capture() if failure is None else payment.fail(failure)
    subscriber(store).drain()
    return uow.token


def mail(message: Message) -> None:
    """What a relay sends to a broker, or here to the screen."""
    said = json.loads(message.payload)
    print(f"mail to {said['to']}: {said['text']}")


def trade(store: EventStore) -> None:
    """All three orders, and what came in meanwhile."""
    with UnitOfWork(store) as uow:
        uow.create(Product, "kettle").stock(10)
        uow.create(Product, "toaster").stock(1)
    kettles, toaster = Line("kettle", 2, 2500), Line("toaster", 1, 4000)
    with LiveProjection(store, Revenue) as revenue:
        place(store, "1", "ada", kettles, toaster)
        token = settle(store, "1")
        place(store, "2", "bob", kettles, toaster)  # there is no second toaster
        place(store, "3", "bob", kettles)
        settle(store, "3", failure="card expired")
        print("revenue:", revenue.read_after(token, timeout=30.0).cents)


def main(url: str = "sqlite://") -> None:
    """Trade, send the mails, and look at everything."""
    with EventStore(url, aggregates=[Product, Order, Payment]) as store:
        store.upgrade()
        trade(store)
        Relay(store, CallablePublisher(mail), topics=["mails"]).drain()
        for order in ("1", "2", "3"):
            card = store.project(OrderCard, order)
            print(f"order {order}: {card.state} {card.reason}".rstrip())
        print("free:", store.project(Availability).free)
        for customer in ("ada", "bob"):
            account = store.project(CustomerAccount, customer)
            print(f"{customer}: {account.confirmed} of {account.orders} orders, {account.spent}")


if __name__ == "__main__":
    main()
