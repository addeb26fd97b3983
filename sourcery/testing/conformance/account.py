"""What has left, held against what was committed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen


@frozen
class Line:
    """A message that has left."""

    topic: str
    key: str
    number: int
    message_id: str


@define
class Account:
    """What has left, in order."""

    lines: Sequence[Line] = field(factory=list[Line])

    @property
    def firsts(self) -> dict[str, list[int]]:
        """Numbers by key, in the order in which each was there first."""
        firsts: dict[str, dict[int, None]] = {}
        for line in self.lines:
            firsts.setdefault(line.key, {})[line.number] = None
        return {key: list(numbers) for key, numbers in firsts.items()}

    @property
    def repeats(self) -> int:
        """Lines that were there before."""
        return len(self.lines) - len({line.message_id for line in self.lines})

    def faults(self, committed: Mapping[str, Sequence[int]]) -> dict[str, list[Any]]:
        """What is wrong, by what it is; nothing when all is well.

        Of messages that were committed, by key in order: `lost`, and keys that are `disordered`.
        Of others: `invented`. Messages with more than one id: `renamed`.
        """
        left = {(line.key, line.number) for line in self.lines}
        wanted = {(key, number) for key, numbers in committed.items() for number in numbers}
        found: dict[str, list[Any]] = {
            "lost": sorted(wanted - left),
            "invented": sorted(left - wanted),
            "disordered": self._disordered(committed),
            "renamed": self._renamed(),
        }
        return {what: which for what, which in found.items() if which}

    def _disordered(self, committed: Mapping[str, Sequence[int]]) -> list[str]:
        places = {key: {n: at for at, n in enumerate(ns)} for key, ns in committed.items()}
        firsts = {
            key: [places[key][n] for n in numbers if n in places.get(key, {})]
            for key, numbers in self.firsts.items()
        }
        return [key for key, order in firsts.items() if order != sorted(order)]

    def _renamed(self) -> list[tuple[str, int]]:
        ids = {(line.key, line.number, line.message_id) for line in self.lines}
        names = Counter((key, number) for key, number, _ in ids)
        return [message for message, count in names.items() if count > 1]
