"""All upcasters of a store: checked together, and applied in chains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final, cast

from sourcery.codec.upcast import Data, Part, Upcaster
from sourcery.errors import DefinitionError

#: Steps after which a chain is taken for a circle.
_LONGEST: Final = 1000


class UpcastFailed(Exception):
    """An upcaster failed. The text names it and holds nothing of the data."""


class Upcasters:
    """The upcasters of a store.

    Raises `DefinitionError` for two of one step, for names that go round in a circle, and
    for a step that a new name makes unreachable.
    """

    def __init__(self, upcasters: Iterable[Upcaster] = ()) -> None:
        self._steps: dict[tuple[str, int | None], Upcaster] = {}
        for step in upcasters:
            self._add(step)
        for step in self._steps.values():
            self._check_names(step)
        #: Kinds that some step takes.
        self.kinds: frozenset[str] = frozenset(kind for kind, _ in self._steps)

    def _add(self, step: object) -> None:
        if not isinstance(step, Upcaster):
            name = getattr(step, "__qualname__", repr(step))
            raise DefinitionError(name, "is not an upcaster: decorate it with @upcast(kind, ...)")
        place = (step.kind, step.version)
        if place in self._steps:
            what = "new names" if step.version is None else f"upcasters of version {step.version}"
            raise DefinitionError(f"kind {step.kind!r}", f"has two {what}")
        self._steps[place] = step

    def _check_names(self, step: Upcaster) -> None:
        """Follow new names; they must end somewhere, and nothing may hide behind one."""
        if step.version is not None and (step.kind, None) in self._steps:
            problem = "is renamed: write its upcasters for the new kind"
            raise DefinitionError(f"kind {step.kind!r}", problem)
        kind, seen = step.kind, {step.kind}
        while renamed := self._steps.get((kind, None)):
            kind = renamed.into[0]
            if kind in seen:
                raise DefinitionError(f"kind {step.kind!r}", "is renamed in a circle")
            seen.add(kind)

    def check(self, kind: str, version: int) -> None:
        """Raise `DefinitionError` when the steps do not lead to what a class writes."""
        if (kind, None) in self._steps:
            raise DefinitionError(f"kind {kind!r}", "is renamed, so no event of it is ever read")
        for step in [s for s in self._steps.values() if s.kind == kind]:
            taken = step.version or 0
            if taken >= version:
                problem = f"an upcaster takes version {taken}, which its class writes: raise"
                raise DefinitionError(f"kind {kind!r}", f"{problem} the version of the class")
            if step.into == (kind,):
                self._check_next(kind, taken + 1)

    def _check_next(self, kind: str, version: int) -> None:
        """A version without a step may be read as it is, unless there is a step after it."""
        later = [v for k, v in self._steps if k == kind and v is not None and v > version]
        if later and (kind, version) not in self._steps:
            problem = f"no upcaster takes version {version}, so that of {min(later)} is not reached"
            raise DefinitionError(f"kind {kind!r}", problem)

    def sources(self, kinds: Iterable[str]) -> frozenset[str]:
        """Stored kinds that may become one of these kinds, these included."""
        found = set(kinds)
        while True:
            more = {s.kind for s in self._steps.values() if found & set(s.into)} - found
            if not more:
                return frozenset(found)
            found |= more

    def apply(self, kind: str, version: int, data: Data) -> list[Part]:
        """All that becomes of a stored event, in order. Raises `UpcastFailed`."""
        done: list[Part] = []
        waiting = [(Part(kind, data, version), 0)]
        while waiting:
            part, taken = waiting.pop()
            step = self._steps.get((part.kind, None)) or self._steps.get((part.kind, part.version))
            if step is None:
                done.append(part)
                continue
            if taken == _LONGEST:
                raise UpcastFailed(f"the upcasters of {kind!r} go round in circles")
            waiting += [(made, taken + 1) for made in reversed(_after(step, part))]
        return done


def _after(step: Upcaster, part: Part) -> Sequence[Part]:
    if step.function is None:
        return [Part(step.into[0], part.data, part.version)]
    data: Any = part.data
    if not isinstance(data, dict):
        raise UpcastFailed("is not a JSON object, as upcasters take it")
    name = f"upcaster {getattr(step.function, '__qualname__', 'without a name')}"
    try:
        made = step.function(part.data)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - it is the user's function
        raise UpcastFailed(f"{name} failed: {_in_words(error)}") from None
    return _checked(step, name, part, made)


def _checked(step: Upcaster, name: str, part: Part, made: Any) -> Sequence[Part]:
    given = type(made).__name__
    if isinstance(made, dict) and part.kind in step.into:
        return [Part(part.kind, cast("Data", made), part.version + 1)]
    if not isinstance(made, list | tuple) or not _are_parts(made):
        wanted = "a dict or a list of Part" if part.kind in step.into else "a list of Part"
        raise UpcastFailed(f"{name} gave {given}, not {wanted}")
    parts = cast("Sequence[Part]", made)
    if strange := {p.kind for p in parts} - set(step.into):
        raise UpcastFailed(f"{name} made {len(strange)} kind(s) that its into= does not name")
    return parts


def _are_parts(values: Any) -> bool:
    return all(isinstance(value, Part) for value in values)


def _in_words(error: Exception) -> str:
    """Class and place of a stranger's error, whose text may hold values."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
