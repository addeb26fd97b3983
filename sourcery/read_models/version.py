"""One version of a read model: its name, its tables, and the consumer that fills them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from attrs import field, frozen
from sqlalchemy import Table

from sourcery.arguments import check_function
from sourcery.errors import InvalidArgument
from sourcery.read_models.feeding import Feeding
from sourcery.read_models.tables import Tables, check_name, tables_of
from sourcery.store import EventStore
from sourcery.subscriber import Subscriber

#: Events of a page: building has more to do than following.
_PAGE: Final = 2000


@frozen(kw_only=True, eq=False)
class Version:
    """A version, as its program declares it."""

    store: EventStore
    name: str
    number: int
    tables: Tables
    #: The consumer `name@number`, which this program may run as well.
    subscriber: Subscriber
    #: False for a copy that is only built to be compared.
    serves: bool

    @property
    def consumer(self) -> str:
        """The name of its consumer."""
        return self.subscriber.name


def _number(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidArgument("version", "must be a whole number from 1 on")
    return number


def _as_tuple(tables: Iterable[Table]) -> tuple[Table, ...]:
    return tuple(tables)


def _tuning(given: Mapping[str, Any]) -> dict[str, Any]:
    if "after" in given:
        raise InvalidArgument("after", "a read model begins at the origin of the log")
    return {"page": _PAGE} | dict(given)


@frozen(kw_only=True)
class Declaration:
    """What a program says of a version, from which it and its copy for a check are made."""

    store: EventStore
    name: str
    handler: Callable[..., object]
    number: int = field(converter=_number)
    declared: tuple[Table, ...] = field(converter=_as_tuple)
    events: Any
    batch: bool
    tuning: dict[str, Any] = field(converter=_tuning)

    def __attrs_post_init__(self) -> None:
        check_name("its name", self.name)
        check_function(self.handler, ["uow", "events" if self.batch else "recorded", "tables"])

    def version(self) -> Version:
        """The version itself."""
        return self._made(f"v{self.number}", f"{self.name}@{self.number}", serves=True)

    def check(self) -> Version:
        """The same under other names."""
        return self._made(f"check{self.number}", f"{self.name}@{self.number}.check", serves=False)

    def _made(self, mark: str, consumer: str, *, serves: bool) -> Version:
        tables = tables_of(self.name, mark, self.declared)
        feeding = Feeding(self.handler, tables, consumer)
        options: dict[str, Any] = self.tuning | {"events": self.events, "batch": self.batch}
        # which of its overloads, only `batch` knows
        make = cast(Callable[..., Subscriber], Subscriber)
        return Version(
            store=self.store,
            name=self.name,
            number=self.number,
            tables=tables,
            subscriber=make(self.store, consumer, feeding, **options),
            serves=serves,
        )
