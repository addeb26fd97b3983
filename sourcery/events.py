"""Events: the decorator that names an event class, and unions of such classes."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from attrs import frozen

from sourcery.errors import DefinitionError, InvalidName
from sourcery.stream import KIND_LENGTH, check_name

C = TypeVar("C", bound=type)

_MARK: Final = "__sourcery_event__"


@frozen
class EventType:
    """The stored name of an event class and the schema version it writes."""

    kind: str
    version: int


def event(kind: str, *, version: int = 1) -> Callable[[C], C]:
    """Name an attrs frozen class as an event.

    `kind` is stored with every event and never changes, whatever the class is called;
    raise `version` when the fields change and give the store an upcaster for the older
    ones. Raises `DefinitionError` at once when the class or the kind cannot work.
    """
    given: object = kind
    if isinstance(given, type):
        raise DefinitionError(given.__qualname__, "has no kind: write @event('its.kind')")

    def mark(cls: C) -> C:
        setattr(cls, _MARK, _event_type(cls, kind, version))
        return cls

    return mark


def _event_type(cls: object, kind: object, version: object) -> EventType:
    owner = getattr(cls, "__qualname__", repr(cls))
    try:
        name = check_name("event kind", kind, KIND_LENGTH)
    except InvalidName as error:
        raise DefinitionError(owner, str(error)) from None
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(owner, f"version must be a whole number from 1, not {version!r}")
    if not (isinstance(cls, type) and "__attrs_attrs__" in cls.__dict__):
        raise DefinitionError(owner, "write @event above @frozen: it takes an attrs class")
    if not is_frozen(cls):
        raise DefinitionError(owner, "an event never changes: use attrs.frozen below @event")
    return EventType(name, version)


def is_frozen(cls: type) -> bool:
    """Whether attrs refuses to change instances of the class."""
    return (
        getattr(cls.__setattr__, "__module__", "").startswith("attr")
        and hasattr(cls, "__attrs_attrs__")
        and cls.__setattr__.__name__ == "_frozen_setattrs"
    )


def event_type(cls: type) -> EventType:
    """The kind and version of an event class; `DefinitionError` when it is not one."""
    marked = cls.__dict__.get(_MARK)
    if not isinstance(marked, EventType):
        raise DefinitionError(_name(cls), "is not an event: decorate the class with @event(kind)")
    return marked


def event_classes(events: object, owner: str = "events") -> tuple[type[Any], ...]:
    """The classes of a union of events (or of one class), each once and no kind twice."""
    return unique_kinds(tuple(dict.fromkeys(_members(events, owner))), owner)


def unique_kinds(classes: tuple[type[Any], ...], owner: str) -> tuple[type[Any], ...]:
    """Give the classes back; `DefinitionError` when two of them have one kind."""
    kinds: dict[str, type] = {}
    for cls in classes:
        kind = event_type(cls).kind
        if kinds.setdefault(kind, cls) is not cls:
            both = f"{_name(kinds[kind])} and {_name(cls)}"
            raise DefinitionError(owner, f"{both} are both of kind {kind!r}")
    return classes


def _members(events: object, owner: str) -> list[type[Any]]:
    events = getattr(events, "__value__", events)  # `type X = A | B` of Python 3.12
    if get_origin(events) in (Union, types.UnionType):
        return [cls for member in get_args(events) for cls in _members(member, owner)]
    if isinstance(events, type) and events is not types.NoneType:
        event_type(events)
        return [events]
    raise DefinitionError(owner, f"events are written as a union, A | B, not {events!r}")


def _name(cls: object) -> str:
    return getattr(cls, "__qualname__", repr(cls))


def tag_of(cls: type) -> str:
    """The kind of an event class, the name of any other."""
    marked = cls.__dict__.get(_MARK)
    return marked.kind if isinstance(marked, EventType) else cls.__name__
