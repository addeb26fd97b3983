"""Aggregates: state folded from one stream, and methods that record new events.

    @define
    class Account(Aggregate[AccountEvent], category="account"):
        balance: Decimal = Decimal(0)

        def deposit(self, amount: Decimal) -> None:      # decides, may raise
            self.record(Deposited(amount))

        def apply(self, event: AccountEvent) -> None:    # evolves, never raises
            ...

Only the functions at the end of this module touch an aggregate's private state.
"""

# The friends of the class stand outside it, so that users do not see them on their aggregates.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from attrs import frozen

from sourcery.context import Metadata, current_metadata
from sourcery.errors import DefinitionError, UndeclaredEvent, UnitOfWorkError
from sourcery.folded import (
    Kind,
    Snapshots,
    applied_classes,
    events_argument,
    is_open,
    make_empty,
    name_argument,
    snapshot_arguments,
)
from sourcery.policy import Policy
from sourcery.stream import Stream, StreamId, stream_id_text

E = TypeVar("E")
A = TypeVar("A", bound="Aggregate[Any]")
#: An event that is recorded but not yet written, with the metadata of that moment.
Pending = tuple[Any, Metadata]

_KIND: Final = Kind(
    name="aggregate",
    article="an",
    methods=("record", "apply", "handle"),
    properties=("id", "version"),
    private=("_id", "_version", "_recorded", "_refusal", "_declared"),
)


_ENDED: Final = "its unit of work has ended: load it again in a new one"
_BROKEN: Final = "its apply raised and may have changed half: load it again in a new unit of work"


@frozen
class AggregateType:
    """What an aggregate class declares."""

    category: str
    classes: tuple[type[Any], ...]
    snapshots: Snapshots


class Aggregate(Generic[E]):
    """The base of every aggregate; `E` is the union of its events.

    Subclasses are attrs classes whose fields all have defaults, since an aggregate begins
    empty. Class arguments, which subclasses do not inherit:

    - `category` names the streams;
    - `snapshot` says when a snapshot of the state is due, such as `every(100)`;
    - `snapshot_version` is raised when `apply` makes another state of the same events; a change
      of the fields is noticed by itself.

    Mistakes raise `DefinitionError` when the class is made.
    """

    __slots__ = ("_id", "_recorded", "_refusal", "_version")

    _declared: ClassVar[AggregateType | None] = None
    _id: str
    _version: int
    _recorded: list[Pending]
    _refusal: str | None

    def __init_subclass__(
        cls,
        *,
        category: str | None = None,
        snapshot: Policy | None = None,
        snapshot_version: int = 1,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        _KIND.check_properties(cls)
        # attrs makes a slotted class twice, the second time without class arguments.
        if category is None and "_declared" in cls.__dict__:
            return
        cls._declared = _declare(cls, category, snapshot_arguments(cls, snapshot, snapshot_version))

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Check the fields, once attrs knows them."""
        _KIND.check_fields(cls)
        if cls._declared is not None:
            cls._declared.snapshots.check(cls)

    def __new__(cls, *args: Any, **values: Any) -> Aggregate[E]:
        self = super().__new__(cls)
        self._id = ""
        self._version = 0
        self._recorded = []
        self._refusal = None
        return self

    @property
    def id(self) -> str:
        """The stream id as text; empty for an instance made by hand."""
        return self._id

    @property
    def version(self) -> int:
        """Number of events in the stream, those recorded but not yet written included."""
        return self._version

    def record(self, event: E) -> None:
        """Apply an event and keep it for the end of the unit of work.

        Raises `UndeclaredEvent` when its class is not in the aggregate's union, and
        `UnitOfWorkError` when the unit of work that loaded it has ended: nobody would write it.
        When `apply` raises, nothing is kept of the event, and the aggregate records no more.
        """
        if self._refusal is not None:
            raise UnitOfWorkError(
                f"{type(self).__qualname__} {self._id!a} records nothing more, {self._refusal}"
            )
        if type(event) not in aggregate_type(type(self)).classes:
            raise UndeclaredEvent(type(event).__qualname__, type(self).__qualname__)
        try:
            self.apply(event)
        except BaseException:
            self._refusal = _BROKEN
            raise
        self._recorded.append((event, current_metadata()))
        self._version += 1

    if TYPE_CHECKING:

        def apply(self, event: E) -> None:
            """Change the state by one event. Never raises, reads no clock, does no I/O."""


def _declare(cls: type, category: str | None, snapshots: Snapshots) -> AggregateType | None:
    events = events_argument(cls, Aggregate)
    if is_open(events) and category is None:
        return None  # a generic base of the user's own
    if category is None:
        problem = f"has no category: write class {cls.__name__}(Aggregate[...], category='...')"
        raise DefinitionError(cls.__qualname__, problem)
    name = name_argument(cls, "category", category)
    return AggregateType(name, applied_classes(cls, events, Aggregate, "event"), snapshots)


def _is_aggregate(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, Aggregate)


def aggregate_type(cls: type[Aggregate[Any]]) -> AggregateType:
    """What the class declares; `DefinitionError` for a base that declares nothing."""
    if not _is_aggregate(cls):
        raise DefinitionError(getattr(cls, "__qualname__", repr(cls)), "is not an Aggregate")
    declared = cls._declared
    if declared is None:
        raise DefinitionError(cls.__qualname__, "is only a base: subclass it with category=")
    return declared


def restore(cls: type[A], id: StreamId) -> A:
    """Make the empty aggregate of a stream, at version 0."""
    aggregate = make_empty(cls)
    aggregate._id = stream_id_text(id)
    return aggregate


def resume(aggregate: Aggregate[Any], id: StreamId, version: int) -> None:
    """Make a state that was stored the aggregate of its stream, at the version it had."""
    aggregate._id = stream_id_text(id)
    aggregate._version = version


def replay(aggregate: Aggregate[Any], event: object, version: int) -> None:
    """Apply a stored event, which was number `version` of the stream."""
    aggregate.apply(event)
    aggregate._version = version


def pass_over(aggregate: Aggregate[Any], version: int) -> None:
    """Move to a version without an event: its kind is no longer declared."""
    aggregate._version = version


def stream_of(aggregate: Aggregate[Any]) -> Stream:
    """The stream the aggregate is folded from."""
    return Stream(aggregate_type(type(aggregate)).category, aggregate._id)


def recorded_by(aggregate: Aggregate[Any]) -> tuple[Pending, ...]:
    """What the aggregate recorded and nobody took yet, in order."""
    return tuple(aggregate._recorded)


def end(aggregate: Aggregate[Any]) -> None:
    """Its unit of work is over: what it recorded now would be lost without a word."""
    if aggregate._refusal is None:
        aggregate._refusal = _ENDED


def is_whole(aggregate: Aggregate[Any]) -> bool:
    """Whether its state is that of its events: every `apply` came to its end."""
    return aggregate._refusal is not _BROKEN


def take_recorded(aggregate: Aggregate[Any]) -> list[Pending]:
    """Take what the aggregate recorded; it keeps its state and version."""
    taken, aggregate._recorded = aggregate._recorded, []
    return taken
