"""Comparing the rows of two versions: both read at one moment, a page at a time, by primary key.

Each page of one table is looked up in the other by its keys, so that neither the order of a
collation nor the number of differences matters to the memory it takes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen
from sqlalchemy import Connection, Row, Table, select, tuple_

from sourcery.dialects.statements import beyond
from sourcery.errors import InvalidArgument, NotComparable
from sourcery.read_models.meeting import meeting
from sourcery.read_models.tables import Tables
from sourcery.read_models.version import Version

Key: TypeAlias = tuple[Any, ...]

#: Rows read at once. Each is looked up by its key: databases take some 30,000 values at most.
_PAGE: Final = 500
#: Differences that are named; all are counted.
_EXAMPLES: Final = 20


@frozen(kw_only=True)
class Difference:
    """A row that is not the same in both."""

    table: str
    #: Its primary key.
    key: Key
    #: "missing" here, "unexpected" here, or the names of the columns that differ.
    what: str


@define(kw_only=True)
class Comparison:
    """What two versions have in common at one position."""

    position: int
    #: Tables and columns that only one of them has, which were not compared.
    left_out: tuple[str, ...]
    #: Rows of this version that were looked up in the other.
    compared: int = 0
    #: Rows that only the other has, that only this one has, and that have other values.
    missing: int = 0
    unexpected: int = 0
    different: int = 0
    #: The first of them, by key alone.
    examples: list[Difference] = field(factory=list[Difference])

    @property
    def is_equal(self) -> bool:
        """Whether every row that was compared is the same in both."""
        return not (self.missing or self.unexpected or self.different)

    def note(self, table: str, key: Key, what: str) -> None:
        """Keep it as an example, if there is room."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(Difference(table=table, key=key, what=what))


@frozen
class Pair:
    """A table in both versions."""

    name: str
    ours: Table
    theirs: Table

    @property
    def keys(self) -> list[str]:
        """Its primary key."""
        return [column.name for column in self.ours.primary_key.columns]

    @property
    def columns(self) -> list[str]:
        """What both have beside the key."""
        keys = self.keys
        return [c.name for c in self.ours.columns if c.name in self.theirs.c and c.name not in keys]

    @property
    def left_out(self) -> list[str]:
        """Columns that only one has."""
        names = {c.name for c in self.ours.columns} ^ {c.name for c in self.theirs.columns}
        return [f"{self.name}.{name}" for name in sorted(names)]


def pairs_of(model: str, ours: Tables, theirs: Tables) -> list[Pair]:
    """The tables that both have. Raises `NotComparable`."""
    pairs = [Pair(name, ours[name], theirs[name]) for name in ours if name in theirs]
    if not pairs:
        raise NotComparable(model, "its versions have no table in common")
    for pair in pairs:
        other = [column.name for column in pair.theirs.primary_key.columns]
        if pair.keys != other:
            problem = f"the primary key of {pair.name} is {pair.keys} here and {other} there"
            raise NotComparable(model, problem)
    return pairs


@frozen
class Comparing:
    """One comparison of a pair, on a connection that sees both at one moment."""

    connection: Connection
    result: Comparison
    #: Columns to compare; None is all that both have.
    columns: frozenset[str] | None
    #: The share of rows that are compared, chosen by their keys.
    sample: float

    def compare(self, pair: Pair) -> None:
        """Count what is not the same: first from this side, then what only the other has."""
        wanted = self.columns
        names = [name for name in pair.columns if wanted is None or name in wanted]
        for rows in self._pages(pair.ours, pair.keys, names):
            self.result.compared += len(rows)
            self._compare(pair, names, rows, self._find(pair.theirs, pair.keys, names, rows))
        for rows in self._pages(pair.theirs, pair.keys, []):
            known = self._find(pair.ours, pair.keys, [], rows)
            for key in rows:
                if key not in known:
                    self.result.missing += 1
                    self.result.note(pair.name, key, "missing")

    def _compare(
        self, pair: Pair, names: Sequence[str], ours: dict[Key, Key], theirs: dict[Key, Key]
    ) -> None:
        for key, values in ours.items():
            if key not in theirs:
                self.result.unexpected += 1
                self.result.note(pair.name, key, "unexpected")
            elif differ := _differing(names, values, theirs[key]):
                self.result.different += 1
                self.result.note(pair.name, key, ", ".join(differ))

    def _pages(
        self, table: Table, keys: Sequence[str], names: Sequence[str]
    ) -> Iterator[dict[Key, Key]]:
        """All rows that are in the sample, in the order of the key; values by key."""
        of_key = [table.c[name] for name in keys]
        page = select(*of_key, *[table.c[name] for name in names]).order_by(*of_key).limit(_PAGE)
        last: Key | None = None
        while True:
            found = self.connection.execute(
                page if last is None else page.where(beyond(of_key, last))
            )
            rows = _by_key(found.all(), len(keys))
            yield {key: values for key, values in rows.items() if self._is_chosen(key)}
            if len(rows) < _PAGE:
                return
            last = list(rows)[-1]

    def _find(
        self, table: Table, keys: Sequence[str], names: Sequence[str], wanted: Mapping[Key, Key]
    ) -> dict[Key, Key]:
        """The rows of these keys."""
        if not wanted:
            return {}
        of_key = [table.c[name] for name in keys]
        condition = (
            of_key[0].in_([key[0] for key in wanted])
            if len(of_key) == 1
            else tuple_(*of_key).in_(list(wanted))
        )
        rows = select(*of_key, *[table.c[name] for name in names]).where(condition)
        return _by_key(self.connection.execute(rows).all(), len(keys))

    def _is_chosen(self, key: Key) -> bool:
        """By a hash of the key, which both sides agree on."""
        return self.sample >= 1 or zlib.crc32(repr(key).encode()) < self.sample * 2**32


def compare(
    ours: Version, theirs: Version, columns: Iterable[str] | None, sample: float
) -> Comparison:
    """Bring both to one position and compare what they have in common."""
    if isinstance(columns, str):
        raise InvalidArgument("columns", f"takes several: columns=[{columns!a}]")
    if isinstance(sample, bool) or not 0 < sample <= 1:
        raise InvalidArgument("sample", "must be a share of the rows, above 0 and at most 1")
    pairs = pairs_of(ours.name, ours.tables, theirs.tables)
    left_out = {*ours.tables} ^ {*theirs.tables}
    left_out |= {name for pair in pairs for name in pair.left_out}
    wanted = None if columns is None else _checked_columns(columns, pairs)
    with meeting([ours, theirs]) as met:
        result = Comparison(position=met.position, left_out=tuple(sorted(left_out)))
        comparing = Comparing(met.connection, result, wanted, sample)
        for pair in pairs:
            comparing.compare(pair)
    return result


def _checked_columns(columns: Iterable[str], pairs: Sequence[Pair]) -> frozenset[str]:
    wanted, known = frozenset(columns), {name for pair in pairs for name in pair.columns}
    if unknown := sorted(wanted - known):
        problem = f"{', '.join(unknown)}: both versions have {', '.join(sorted(known))}"
        raise InvalidArgument("columns", problem)
    return wanted


def _differing(names: Sequence[str], ours: Key, theirs: Key) -> list[str]:
    """The columns with other values; nothing is its own equal that is not a number."""
    pairs = zip(names, ours, theirs, strict=True)
    return [name for name, a, b in pairs if a != b and not (a != a and b != b)]  # noqa: PLR0124


def _by_key(rows: Sequence[Row[Any]], keys: int) -> dict[Key, Key]:
    return {tuple(row[:keys]): tuple(row[keys:]) for row in rows}
