"""Upcasters: from one schema version of an event to the next, on the parsed JSON.

    @upcast("account.deposited", version=1)
    def in_a_currency(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"currency": "EUR"}

Give them to the store. Stored events are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import field, frozen

from sourcery.errors import DefinitionError, InvalidName
from sourcery.stream import KIND_LENGTH, check_name

Data = dict[str, Any]
Function = Callable[[Data], Data | Sequence["Part"]]


@frozen
class Part:
    """One event that an upcaster makes of a stored one."""

    kind: str
    data: Data
    version: int = 1


@frozen
class Upcaster:
    """One step. `into` names the kinds that may come out."""

    kind: str
    #: The stored version it takes; None is a new name for all versions.
    version: int | None
    into: tuple[str, ...]
    function: Function | None = field(default=None, repr=False)


def upcast(
    kind: str, *, version: int, into: Iterable[str] | None = None
) -> Callable[[Function], Upcaster]:
    """Make a function the step from `version` of a kind.

    A function that gives a dict makes the next version of the same kind. One that gives a
    list of `Part` splits the event, or drops it when the list is empty; then `into` names
    every kind it may make, because readers ask the database by kind. The event class must
    write a version above `version`. Raises `DefinitionError` for a kind or version that no
    event can have.
    """
    owner = f"upcast({kind!r})"
    if isinstance(into, str):
        raise DefinitionError(owner, "into is a list of kinds, not one string")
    _check_version(owner, version)
    kinds = _checked(owner, (kind,) if into is None else tuple(into))
    _checked(owner, (kind,))

    def mark(function: Function) -> Upcaster:
        return Upcaster(kind, version, kinds, function)

    return mark


def rename(old: str, new: str) -> Upcaster:
    """Read events stored under an old kind as the new one; versions stay.

    Raises `DefinitionError` for what is no kind.
    """
    _checked(f"rename({old!r})", (old, new))
    return Upcaster(old, None, (new,))


def _check_version(owner: str, version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(owner, f"version must be a whole number from 1, not {version!r}")


def _checked(owner: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(check_name("event kind", kind, KIND_LENGTH) for kind in kinds)
    except InvalidName as error:
        raise DefinitionError(owner, str(error)) from None
