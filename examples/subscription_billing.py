"""Subscriptions and invoices: a dashboard of both, which a decision reads before it is made.

A subscription cannot be cancelled while money is owed. The invoices are other aggregates, so the
unit of work folds the dashboard inside the decision. Who did what, and in which conversation, is
metadata, in no event.

    python -m examples.subscription_billing
"""

from attrs import define, frozen

from sourcery import Aggregate, EventStore, Projection, Recorded, UnitOfWork, event, metadata


@event("subscription.started")
@frozen
class Started:
    """A customer subscribed."""

    plan: str


@event("subscription.cancelled")
@frozen
class Cancelled:
    """And went."""

    reason: str


@event("invoice.issued")
@frozen
class Issued:
    """A customer owes money."""

    customer: str
    cents: int


@event("invoice.paid")
@frozen
class Paid:
    """Some of it was paid."""

    customer: str
    cents: int


SubscriptionEvent = Started | Cancelled
InvoiceEvent = Issued | Paid


class Refused(Exception):
    """A rule of the domain says no."""


@define
class Subscription(Aggregate[SubscriptionEvent], category="subscription"):
    """One customer's; its id is the customer's."""

    is_active: bool = False

    def start(self, plan: str) -> None:
        """Subscribe."""
        if self.is_active:
            raise Refused("it is active already")
        self.record(Started(plan))

    def cancel(self, reason: str, *, owed: int) -> None:
        """Go, with nothing owed."""
        if owed:
            raise Refused(f"{owed} cents are owed")
        self.record(Cancelled(reason))

    def apply(self, event: SubscriptionEvent) -> None:
        """Evolve."""
        self.is_active = isinstance(event, Started)


@define
class Invoice(Aggregate[InvoiceEvent], category="invoice"):
    """One invoice."""

    customer: str = ""
    owed: int = 0

    def issue(self, customer: str, cents: int) -> None:
        """Ask for money."""
        self.record(Issued(customer, cents))

    def pay(self, cents: int) -> None:
        """Pay, not more than is owed."""
        if cents > self.owed:
            raise Refused(f"only {self.owed} cents are owed")
        self.record(Paid(self.customer, cents))

    def apply(self, event: InvoiceEvent) -> None:
        """Evolve."""
        match event:
            case Issued(customer, cents):
                self.customer, self.owed = customer, cents
            case Paid(cents=cents):
                self.owed -= cents


@define
class Billing(Projection[SubscriptionEvent | InvoiceEvent], name="billing"):
    """One customer: the subscription's events, and those of invoices that name the customer."""

    plan: str | None = None
    owed: int = 0
    last_actor: str | None = None

    def concerns(self, recorded: Recorded[SubscriptionEvent | InvoiceEvent]) -> bool:
        """Whether it is about this customer."""
        event = recorded.event
        named = event.customer if isinstance(event, Issued | Paid) else recorded.stream.id
        return named == self.id

    def apply(self, recorded: Recorded[SubscriptionEvent | InvoiceEvent]) -> None:
        """Fold."""
        self.last_actor = recorded.metadata.actor
        match recorded.event:
            case Started(plan):
                self.plan = plan
            case Cancelled():
                self.plan = None
            case Issued(cents=cents):
                self.owed += cents
            case Paid(cents=cents):
                self.owed -= cents


def cancel(store: EventStore, customer: str) -> str:
    """What came of it."""
    try:
        with metadata(actor="support"), UnitOfWork(store) as uow:
            owed = uow.project(Billing, customer).owed
            uow.get(Subscription, customer).cancel("moved away", owed=owed)
    except Refused as error:
        return f"refused: {error}"
    return "cancelled"


def main(url: str = "sqlite://") -> None:
    """Subscribe, be billed, try to go, pay, and go."""
    with EventStore(url, aggregates=[Subscription, Invoice]) as store:
        store.upgrade()
        with metadata(actor="shop", correlation_id="signup/acme"), UnitOfWork(store) as uow:
            uow.create(Subscription, "acme").start("yearly")
            uow.create(Invoice, "2026-1001").issue("acme", 12_000)
        with metadata(actor="bank"), UnitOfWork(store) as uow:
            uow.get(Invoice, "2026-1001").pay(5_000)
        print(cancel(store, "acme"))
        with metadata(actor="bank"), UnitOfWork(store) as uow:
            uow.get(Invoice, "2026-1001").pay(7_000)
        print(cancel(store, "acme"))
        billing = store.project(Billing, "acme")
        print(f"plan {billing.plan}, owed {billing.owed}, last touched by {billing.last_actor}")


if __name__ == "__main__":
    main()
