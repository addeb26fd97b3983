"""The consumers of the histories: as they are declared, and as the model has them."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from tests.domain import AccountEvent, Deposited, OrderEvent, Placed
from tests.model.log import Entry, Event


@frozen(kw_only=True)
class Declared:
    """One subscriber."""

    name: str
    policy: str
    events: Any
    #: Names of the classes of `events`.
    classes: frozenset[str]
    categories: tuple[str, ...] = ()
    shards: int = 1
    page: int = 3
    retries: int = 0
    batch: bool = False
    effects: bool = False
    #: Whether its handler appends and publishes.
    manages: bool = False

    def selects(self, entry: Entry) -> bool:
        """Whether it is one of its events."""
        if not isinstance(entry, Event) or type(entry.body).__name__ not in self.classes:
            return False
        return not self.categories or entry.place[0] in self.categories


_ALL: Final = frozenset({"Opened", "Deposited", "Withdrawn", "Placed", "Shipped"})
_MONEY: Final = frozenset({"Opened", "Deposited", "Withdrawn"})

_CONSUMERS: Final = [
    Declared(
        name="parking", policy="park", events=AccountEvent | OrderEvent, classes=_ALL, shards=2
    ),
    Declared(name="stopping", policy="stop", events=AccountEvent, classes=_MONEY, shards=2),
    Declared(
        name="skipping",
        policy="skip",
        events=Deposited | Placed,
        classes=frozenset({"Deposited", "Placed"}),
        page=2,
    ),
    Declared(
        name="batches",
        policy="park",
        events=AccountEvent | OrderEvent,
        classes=_ALL,
        categories=("account",),
        page=4,
        batch=True,
    ),
    Declared(
        name="effects",
        policy="park",
        events=AccountEvent | OrderEvent,
        classes=_ALL,
        categories=("order",),
        retries=1,
        effects=True,
    ),
    Declared(
        name="manager",
        policy="stop",
        events=Deposited,
        classes=frozenset({"Deposited"}),
        manages=True,
    ),
]
CONSUMERS: Final = {declared.name: declared for declared in _CONSUMERS}
