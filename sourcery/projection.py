"""Projections: state folded from events of many streams.

    @define
    class Revenue(Projection[OrderEvent], name="revenue"):                  # a single one
        total: Decimal = Decimal(0)

        def apply(self, recorded: Recorded[OrderEvent]) -> None: ...

    @define
    class OrderCard(Projection[OrderEvent], name="order-card", categories=["order"], per="stream"):
        ...                                                                 # one per order

    @define
    class DailyTotals(Projection[OrderEvent], name="daily-totals"):         # one per day
        def concerns(self, recorded: Recorded[OrderEvent]) -> bool:
            return recorded.recorded_at.date().isoformat() == self.id

Only `sourcery.projecting` touches a projection's private state.
"""

# What belongs to the class stands outside it, so that users do not see it on their projections.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, Self, TypeVar

from attrs import frozen

from sourcery.copying import check_copies
from sourcery.errors import DefinitionError
from sourcery.folded import (
    Kind,
    Snapshots,
    applied_classes,
    events_argument,
    is_open,
    name_argument,
    snapshot_arguments,
)
from sourcery.policy import Policy
from sourcery.recorded import Recorded

E = TypeVar("E")

_KIND: Final = Kind(
    name="projection",
    article="a",
    methods=("apply", "concerns"),
    properties=("id", "position"),
    private=("_id", "_position", "_declared"),
)


@frozen
class ProjectionType:
    """What a projection class declares."""

    name: str
    classes: tuple[type[Any], ...]
    categories: tuple[str, ...]
    per_stream: bool
    #: Whether an id tells its instances apart.
    has_instances: bool
    snapshots: Snapshots


class Projection(Generic[E]):
    """The base of every projection; `E` is the union of the events it is folded from.

    Subclasses are attrs classes whose fields all have defaults, since a projection begins
    empty, and can be copied by `copy.deepcopy`: who reads a state that is kept current holds
    a copy that never changes. Class arguments, which subclasses do not inherit:

    - `name` names the projection where it is stored;
    - `categories` narrows its events to streams of these;
    - `per="stream"` makes an instance of each stream of the categories, by the stream's id;
    - `snapshot` says when a snapshot of the state is due, such as `every(1000)`;
    - `snapshot_version` is raised when `apply` or `concerns` make another state of the same
      events; a change of the fields is noticed by itself.

    A class that overrides `concerns` has instances as well; any other is a single one, whose
    id is empty. Mistakes raise `DefinitionError` when the class is made.
    """

    __slots__ = ("_id", "_position")

    _declared: ClassVar[ProjectionType | None] = None
    _id: str
    _position: int

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        categories: Iterable[str] = (),
        per: Literal["stream"] | None = None,
        snapshot: Policy | None = None,
        snapshot_version: int = 1,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        _KIND.check_properties(cls)
        # attrs makes a slotted class twice, the second time without class arguments.
        if name is None and "_declared" in cls.__dict__:
            return
        snapshots = snapshot_arguments(cls, snapshot, snapshot_version)
        cls._declared = _declare(cls, name, categories, per, snapshots)

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Check the fields, once attrs knows them."""
        _KIND.check_fields(cls)
        if cls._declared is None:
            return
        cls._declared.snapshots.check(cls)
        try:
            empty = cls()
        except Exception:  # noqa: BLE001 - what its fields begin with may be defined further below
            return
        check_copies(empty)

    def __new__(cls, *args: Any, _place: tuple[str, int] = ("", 0), **values: Any) -> Self:
        self = super().__new__(cls)
        self._id, self._position = _place
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        """Let copies and pickles keep what attrs knows nothing of."""
        return (), {"_place": (self._id, self._position)}

    @property
    def id(self) -> str:
        """The instance, as text; empty for a single projection, or one made by hand."""
        return self._id

    @property
    def position(self) -> int:
        """Everything at or below this position of the log is folded in."""
        return self._position

    def concerns(self, recorded: Recorded[E]) -> bool:
        """Whether an event belongs to this instance. Never raises, changes nothing.

        Override it when only Python can tell: every event of the class is read for it. With
        `categories` and `per` the database does the selecting.
        """
        return True

    if TYPE_CHECKING:

        def apply(self, recorded: Recorded[E]) -> None:
            """Change the state by one event. Never raises, reads no clock, does no I/O."""


def _declare(
    cls: type[Projection[Any]],
    name: str | None,
    categories: Iterable[str],
    per: str | None,
    snapshots: Snapshots,
) -> ProjectionType | None:
    events = events_argument(cls, Projection)
    if is_open(events) and name is None and not categories and per is None:
        return None  # a generic base of the user's own
    if name is None:
        problem = f"has no name: write class {cls.__name__}(Projection[...], name='...')"
        raise DefinitionError(cls.__qualname__, problem)
    stored = name_argument(cls, "name", name)
    classes = applied_classes(cls, events, Projection, "recorded")
    names = _categories(cls, categories)
    _check_per(cls, per, names)
    has_instances = per is not None or _overrides_concerns(cls)
    return ProjectionType(stored, classes, names, per is not None, has_instances, snapshots)


def _overrides_concerns(cls: Any) -> bool:
    return cls.concerns is not Projection.__dict__["concerns"]


def _categories(cls: type, categories: Iterable[str]) -> tuple[str, ...]:
    if isinstance(categories, str):
        problem = f"categories takes several: write categories=[{categories!a}]"
        raise DefinitionError(cls.__qualname__, problem)
    return tuple(name_argument(cls, "category", name) for name in categories)


def _check_per(cls: type[Projection[Any]], per: object, categories: tuple[str, ...]) -> None:
    if per not in (None, "stream"):
        problem = f"per is 'stream' or left out, not {per!a}; override concerns for all else"
        raise DefinitionError(cls.__qualname__, problem)
    if per is not None and not categories:
        problem = "per='stream' needs the streams' categories: categories=['...']"
        raise DefinitionError(cls.__qualname__, problem)
    if not callable(getattr(cls, "concerns", None)):
        raise DefinitionError(cls.__qualname__, "concerns must be a method")


def projection_type(cls: type[Projection[Any]]) -> ProjectionType:
    """What the class declares; `DefinitionError` for a base that declares nothing."""
    if not is_projection(cls):
        raise DefinitionError(getattr(cls, "__qualname__", repr(cls)), "is not a Projection")
    declared = cls._declared
    if declared is None:
        raise DefinitionError(cls.__qualname__, "is only a base: subclass it with name=")
    return declared


def is_projection(cls: object) -> bool:
    """Whether it is a projection class."""
    return isinstance(cls, type) and issubclass(cls, Projection)
