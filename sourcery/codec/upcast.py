"""Upcasters: from one schema version of an event to the next, on the parsed JSON.

    @upcast("account.deposited", version=1)
    def in_a_currency(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"currency": "EUR"}

Give them to the store. Stored events are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from attrs import field, frozen

from sourcery.errors import DefinitionError

Data = dict[str, Any]

#: Steps after which a chain is taken for a circle.
_LONGEST: Final = 1000


@frozen
class Part:
    """One event that an upcaster makes of a stored one."""

    kind: str
    data: Data
    version: int = 1


@frozen
class Upcaster:
    """One step. `into` names the kinds that may come out, other than the same one."""

    kind: str
    #: The stored version it takes; None is a new name for all versions.
    version: int | None
    into: tuple[str, ...]
    function: Callable[[Data], Data | Sequence[Part]] | None = field(default=None, repr=False)


def upcast(
    kind: str, *, version: int, into: Iterable[str] | None = None
) -> Callable[[Callable[[Data], Data | Sequence[Part]]], Upcaster]:
    """Make a function the step from `version` of a kind.

    A function that gives a dict makes the next version of the same kind. One that gives a
    list of `Part` splits the event, or drops it when the list is empty; then `into` names
    every kind it may make, because readers ask the database by kind.
    """
    if isinstance(into, str):
        raise DefinitionError(f"upcast({kind!r})", "into is a list of kinds, not one string")

    def mark(function: Callable[[Data], Data | Sequence[Part]]) -> Upcaster:
        return Upcaster(kind, version, (kind,) if into is None else tuple(into), function)

    return mark


def rename(old: str, new: str) -> Upcaster:
    """Read events stored under an old kind as the new one; versions stay."""
    return Upcaster(old, None, (new,))


class Upcasters:
    """All upcasters of a store. Raises `DefinitionError` for two of one step, or a circle."""

    def __init__(self, upcasters: Iterable[Upcaster] = ()) -> None:
        self._steps: dict[tuple[str, int | None], Upcaster] = {}
        for step in upcasters:
            place = (step.kind, step.version)
            if place in self._steps:
                problem = f"two upcasters take version {step.version}"
                raise DefinitionError(f"kind {step.kind!r}", problem)
            self._steps[place] = step
        for step in self._steps.values():
            self._check_name(step)

    def _check_name(self, step: Upcaster) -> None:
        """Follow new names; they must end somewhere."""
        kind, seen = step.kind, {step.kind}
        while renamed := self._steps.get((kind, None)):
            kind = renamed.into[0]
            if kind in seen:
                raise DefinitionError(f"kind {step.kind!r}", "is renamed in a circle")
            seen.add(kind)

    def sources(self, kinds: Iterable[str]) -> frozenset[str]:
        """Stored kinds that may become one of these kinds, these included."""
        found = set(kinds)
        while True:
            more = {s.kind for s in self._steps.values() if found & set(s.into)} - found
            if not more:
                return frozenset(found)
            found |= more

    def concern(self, kind: str, version: int) -> bool:
        """Whether a stored event of this kind and version goes through any step."""
        return (kind, version) in self._steps or (kind, None) in self._steps

    def apply(self, kind: str, version: int, data: Data) -> list[Part]:
        """All that becomes of a stored event, in order. A step's exceptions pass through."""
        done: list[Part] = []
        waiting = [Part(kind, data, version)]
        for _ in range(_LONGEST):
            if not waiting:
                return done
            part = waiting.pop(0)
            step = self._steps.get((part.kind, None)) or self._steps.get((part.kind, part.version))
            if step is None:
                done.append(part)
            else:
                waiting[:0] = _after(step, part)
        raise RecursionError(f"upcasters of {kind!r} go round in circles")


def _after(step: Upcaster, part: Part) -> list[Part]:
    if step.function is None:
        return [Part(step.into[0], part.data, part.version)]
    made: Any = step.function(part.data)
    cls: type[Any] = made.__class__
    if issubclass(cls, dict):
        return [Part(part.kind, made, part.version + 1)]
    if not issubclass(cls, list | tuple) or not all(isinstance(p, Part) for p in made):
        raise TypeError(f"it gave {cls.__name__}, not a dict or a list of Part")
    parts: list[Part] = list(made)
    if strange := {p.kind for p in parts} - set(step.into):
        raise TypeError(f"it made {sorted(strange)}, which into= does not name")
    return parts
