"""Classes whose state is folded from events: what aggregates and projections refuse alike.

Mistakes raise `DefinitionError` where the class is made, with the class's name.
"""

from __future__ import annotations

from contextlib import suppress
from inspect import isfunction
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from attrs import AttrsInstance, frozen

from sourcery.arguments import only_begins, refused_call
from sourcery.codec import check_state
from sourcery.errors import DefinitionError, InvalidArgument, InvalidName
from sourcery.events import event_classes, is_frozen
from sourcery.policy import Policy, check_policy
from sourcery.stream import CATEGORY_LENGTH, check_name

T = TypeVar("T")


@frozen(kw_only=True)
class Kind:
    """One of the two kinds of folded classes, and the names it keeps for itself."""

    #: As the texts call it.
    name: str
    article: str
    methods: tuple[str, ...]
    properties: tuple[str, ...]
    private: tuple[str, ...]

    def check_properties(self, cls: type) -> None:
        """Refuse a class that defines a property of ours itself."""
        for name in self.properties:
            if name in cls.__dict__:
                raise self._hides(cls, name)

    def check_fields(self, cls: type) -> None:
        """Refuse fields that cannot work, once attrs knows them."""
        if is_frozen(cls):
            problem = f"{self.article} {self.name} changes: use attrs.define"
            raise DefinitionError(cls.__qualname__, problem)
        for attribute in attrs.fields(cast(type[AttrsInstance], cls)):
            if attribute.name in (*self.methods, *self.properties, *self.private):
                raise self._hides(cls, attribute.name)
            if attribute.init and attribute.default is attrs.NOTHING:
                begins = f"{self.article} {self.name} begins empty"
                problem = f"field {attribute.name!r} needs a default: {begins}"
                raise DefinitionError(cls.__qualname__, problem)

    def _hides(self, cls: type, name: str) -> DefinitionError:
        return DefinitionError(cls.__qualname__, f"{name!r} hides the {self.name}'s own {name}")


@frozen
class Snapshots:
    """What a class says of its snapshots."""

    #: None leaves it to the store.
    policy: Policy | None = None
    #: Raised by hand when `apply` makes another state of the same events.
    version: int = 1

    def check(self, cls: type) -> None:
        """Refuse a class whose state could not be brought back.

        What its annotations name may be defined further below; then the store refuses it.
        """
        if self.policy is not None:
            with suppress(NameError):
                check_state(cls)


def snapshot_arguments(cls: type, policy: object, version: object) -> Snapshots:
    """The class arguments `snapshot` and `snapshot_version`."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        problem = f"snapshot_version must be a whole number from 1, not {version!r}"
        raise DefinitionError(cls.__qualname__, problem)
    if policy is None:
        return Snapshots(None, version)
    try:
        return Snapshots(check_policy(policy), version)
    except InvalidArgument as error:
        raise DefinitionError(cls.__qualname__, str(error)) from None


def name_argument(cls: type, what: str, given: object) -> str:
    """A class argument that is stored as a name."""
    try:
        return check_name(what, given, CATEGORY_LENGTH)
    except InvalidName as error:
        raise DefinitionError(cls.__qualname__, str(error)) from None


def events_argument(cls: type[Any], root: type) -> Any:
    """What stands for the events of `root`, through generic bases of the user's own.

    None when nothing does.
    """
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if origin is root:
            return next(iter(get_args(base)), None)
        if isinstance(origin, type) and issubclass(origin, root):
            return _filled(events_argument(origin, root), origin, get_args(base))
    return None


def _filled(events: Any, generic: Any, arguments: tuple[Any, ...]) -> Any:
    """Put the arguments of a generic class in the place of its type parameters."""
    if not (is_open(events) and arguments):
        return events
    given = dict(zip(generic.__parameters__, arguments, strict=True))
    if isinstance(events, TypeVar):
        return given[events]
    return events[tuple(given[parameter] for parameter in events.__parameters__)]


def is_open(events: Any) -> bool:
    """Whether a type variable stands where events should."""
    return isinstance(events, TypeVar) or bool(getattr(events, "__parameters__", ()))


def applied_classes(cls: type, events: Any, root: type, argument: str) -> tuple[type[Any], ...]:
    """The event classes of a concrete class, which must have an `apply` for them."""
    if events is None or is_open(events):
        problem = f"say its events: {root.__name__}[Opened | Deposited]"
        raise DefinitionError(cls.__qualname__, problem)
    if not callable(getattr(cls, "apply", None)):
        raise DefinitionError(cls.__qualname__, f"has no method apply(self, {argument})")
    _check_apply(cls, argument)
    return event_classes(events, cls.__qualname__)


def _check_apply(cls: Any, argument: str) -> None:
    """Refuse an `apply` that would change nothing, or fail at every event."""
    if only_begins(cls.apply):
        problem = "apply must be a plain method, neither async nor a generator"
        raise DefinitionError(cls.__qualname__, problem)
    if isfunction(cls.apply) and (why := refused_call(cls.apply, ["self", argument])):
        raise DefinitionError(cls.__qualname__, f"write apply(self, {argument}): {why}")


def make_empty(cls: type[T]) -> T:
    """An instance without any event; only attrs knows the fields of a class it made itself."""
    if "__attrs_attrs__" not in cls.__dict__:
        raise DefinitionError(cls.__qualname__, "is not an attrs class: decorate it with @define")
    return cls()
