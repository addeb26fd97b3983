"""Errors of read models that are rebuilt beside the one that serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define

from sourcery.errors.base import ConfigurationError, SourceryError

#: Letters that are named in a text.
_SHOWN: Final = 10


@define
class ReadModelDamaged(SourceryError):
    """The tables of a read model and its checkpoint no longer belong together."""

    name: str
    version: int
    problem: str

    def __str__(self) -> str:
        return (
            f"read model {self.name!a} version {self.version}: {self.problem}; "
            f"call drop() and build it again"
        )


@define
class ReadModelMismatch(ConfigurationError):
    """A table of a read model has other columns than the program says."""

    name: str
    version: int
    table: str
    stored: Sequence[str]
    given: Sequence[str]

    def __str__(self) -> str:
        return (
            f"read model {self.name!a} version {self.version} is stored with the columns "
            f"{', '.join(self.stored)} in {self.table}, the program says {', '.join(self.given)}: "
            f"give what you changed a new version"
        )


@define
class ReadModelRefused(SourceryError):
    """A read model could not do what it was asked. Nothing was changed."""

    name: str
    version: int
    what: str
    problem: str

    def __str__(self) -> str:
        return f"read model {self.name!a} version {self.version}: no {self.what}: {self.problem}"


@define
class ReadModelNotServing(SourceryError, LookupError):
    """None of the versions that a reader knows is the one that serves."""

    name: str
    serving: int | None
    known: Sequence[int]

    def __str__(self) -> str:
        if self.serving is None:
            return (
                f"no version of read model {self.name!a} serves yet: build one and switch() to it"
            )
        known = ", ".join(map(str, self.known))
        return (
            f"version {self.serving} of read model {self.name!a} serves, this program knows "
            f"{known}: give serving_model() that version too, or switch back"
        )


@define
class NotComparable(SourceryError):
    """Two versions cannot be compared as they are. Nothing was changed."""

    name: str
    problem: str
    #: The dead letters that are in the way: consumer and position of each.
    letters: Sequence[str] = ()

    def __str__(self) -> str:
        shown = f" ({', '.join(self.letters[:_SHOWN])})" if self.letters else ""
        return f"read model {self.name!a} cannot be compared: {self.problem}{shown}"


@define
class EffectRefused(SourceryError):
    """The handler of a read model recorded, appended or published something.

    Each rebuild would do it again.
    """

    consumer: str

    def __str__(self) -> str:
        return (
            f"the handler of read model {self.consumer!a} recorded an event, appended or "
            f"published: a rebuild would do it again; do that in a Subscriber of its own"
        )
