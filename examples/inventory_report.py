"""A report over two kinds of aggregates, whose events know no ids: the envelope has them.

A sale belongs to a product by its stream's id, `sku/number`, so that no event repeats the sku.

    python -m examples.inventory_report
"""

from attrs import define, field, frozen

from sourcery import Aggregate, EventStore, Projection, Recorded, UnitOfWork, event


@event("product.restocked")
@frozen
class Restocked:
    """Pieces came in, at a price."""

    pieces: int
    cents: int


@event("product.adjusted")
@frozen
class Adjusted:
    """Pieces were found, or lost."""

    pieces: int
    reason: str


@event("sale.completed")
@frozen
class Sold:
    """Pieces went out, at a price."""

    pieces: int
    cents: int


@event("sale.refunded")
@frozen
class Refunded:
    """Money was given back."""

    cents: int


ProductEvent = Restocked | Adjusted
SaleEvent = Sold | Refunded


@define
class Product(Aggregate[ProductEvent], category="product"):
    """What is in stock of one sku."""

    pieces: int = 0

    def restock(self, pieces: int, cents: int) -> None:
        """Take pieces in."""
        self.record(Restocked(pieces, cents))

    def adjust(self, pieces: int, reason: str) -> None:
        """Count anew."""
        if self.pieces + pieces < 0:
            raise ValueError(f"only {self.pieces} are there")
        self.record(Adjusted(pieces, reason))

    def apply(self, event: ProductEvent) -> None:
        """Evolve."""
        self.pieces += event.pieces


@define
class Sale(Aggregate[SaleEvent], category="sale"):
    """One sale of one product."""

    paid: int = 0

    def complete(self, pieces: int, cents: int) -> None:
        """Sell."""
        self.record(Sold(pieces, cents))

    def refund(self, cents: int) -> None:
        """Give money back, not more than was paid."""
        if cents > self.paid:
            raise ValueError(f"only {self.paid} cents were paid")
        self.record(Refunded(cents))

    def apply(self, event: SaleEvent) -> None:
        """Evolve."""
        match event:
            case Sold(pieces, cents):
                self.paid += pieces * cents
            case Refunded(cents):
                self.paid -= cents


@define
class Stock:
    """One line of the report."""

    pieces: int = 0
    cents: int = 0
    sold: int = 0


@define
class Report(Projection[ProductEvent | SaleEvent], name="inventory-report"):
    """All products."""

    revenue: int = 0
    refunds: int = 0
    products: dict[str, Stock] = field(factory=dict[str, Stock])

    @property
    def value(self) -> int:
        """What is in stock, at the last price, in cents."""
        return sum(stock.pieces * stock.cents for stock in self.products.values())

    def apply(self, recorded: Recorded[ProductEvent | SaleEvent]) -> None:
        """Fold one event into the line of its sku."""
        stock = self.products.setdefault(recorded.stream.id.partition("/")[0], Stock())
        match recorded.event:
            case Restocked(pieces, cents):
                stock.pieces, stock.cents = stock.pieces + pieces, cents
            case Adjusted(pieces):
                stock.pieces += pieces
            case Sold(pieces, cents):
                stock.pieces, stock.sold = stock.pieces - pieces, stock.sold + pieces
                self.revenue += pieces * cents
            case Refunded(cents):
                self.refunds += cents


def trade(store: EventStore) -> None:
    """A day in the shop."""
    with UnitOfWork(store) as uow:
        uow.create(Product, "kettle").restock(100, 2500)
        uow.create(Product, "toaster").restock(50, 5000)
    with UnitOfWork(store) as uow:
        uow.create(Sale, "kettle/1").complete(10, 2500)
        uow.create(Sale, "toaster/2").complete(5, 5500)
    with UnitOfWork(store) as uow:
        uow.get(Product, "kettle").adjust(-3, "damaged")
        uow.get(Sale, "kettle/1").refund(2500)


def main(url: str = "sqlite://") -> None:
    """Trade, and report."""
    with EventStore(url, aggregates=[Product, Sale]) as store:
        store.upgrade()
        trade(store)
        report = store.project(Report)
        print(f"revenue {report.revenue}, refunds {report.refunds}, in stock {report.value} cents")
        for sku, stock in sorted(report.products.items()):
            print(f"{sku}: {stock.pieces} in stock, {stock.sold} sold")


if __name__ == "__main__":
    main()
