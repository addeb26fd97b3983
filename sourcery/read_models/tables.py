"""The tables of one version of a read model: copies of the declared ones, under names of its own.

    sourcery_<model>__v<version>                when the table is called as the model
    sourcery_<model>__<table>__v<version>       otherwise

The prefix is ours, so that a user's `alembic revision --autogenerate` never proposes to drop them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Column, Enum, MetaData, Sequence, Table
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.schema import ForeignKeyConstraint

from sourcery.errors import DefinitionError, InvalidArgument
from sourcery.schema import PREFIX

#: Characters of a name in PostgreSQL, the shortest of all, less what names of indexes add.
_LONGEST: Final = 63 - len("_i99")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def check_name(what: str, name: object) -> str:
    """Give a name back that can be a part of a table's name, or raise `DefinitionError`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problem = f"{what} must be lower-case letters, digits and single underscores"
        raise DefinitionError(f"read model {name!a}", problem)
    return name


@frozen
class Tables:
    """The tables of a version, each found by the table it was declared as, or by its name."""

    _copies: dict[str, Table]
    metadata: MetaData = field(repr=False)

    def __getitem__(self, table: Table | str) -> Table:
        """The copy of a declared table. Raises `InvalidArgument` for one of another model."""
        name = table if isinstance(table, str) else table.name
        try:
            return self._copies[name]
        except KeyError:
            known = ", ".join(self._copies)
            problem = f"{name!a} is none of this read model, which has {known}"
            raise InvalidArgument("table", problem) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._copies)

    def __len__(self) -> int:
        return len(self._copies)


def tables_of(model: str, mark: str, declared: Iterable[Table]) -> Tables:
    """Copies of the declared tables. Raises `DefinitionError` for what cannot be copied."""
    metadata, copies = MetaData(), dict[str, Table]()
    for table in declared:
        _check(table)
        if table.name in copies:
            raise DefinitionError(f"table {table.name!a}", "is given twice")
        copies[table.name] = _copy(table, metadata, _physical(model, table.name, mark))
    if not copies:
        raise DefinitionError(
            f"read model {model!a}", "needs at least one table: give tables=[...]"
        )
    return Tables(copies, metadata)


def _physical(model: str, table: str, mark: str) -> str:
    parts = [model, mark] if table == model else [model, table, mark]
    name = PREFIX + "__".join(parts)
    if len(name) > _LONGEST:
        problem = f"its tables would be called {name}, of which databases take {_LONGEST} letters"
        raise DefinitionError(f"read model {model!a}", f"{problem}: choose shorter names")
    return name


def _check(table: Table) -> None:
    where = f"table {table.name!a}"
    check_name("the name of its table", table.name)
    if not table.primary_key.columns:
        raise DefinitionError(where, "needs a primary key, by which versions are compared")
    if table.schema is not None:
        raise DefinitionError(where, "must have no schema: it is kept where the store's tables are")
    if any(isinstance(constraint, ForeignKeyConstraint) for constraint in table.constraints):
        raise DefinitionError(where, "must have no foreign key: what it names has another version")
    for column in table.columns:
        _check_column(where, column)


def _check_column(where: str, column: Column[Any]) -> None:
    """Refuse what would be one thing of all versions, and go with the first that is dropped."""
    if isinstance(column.type, Enum) and column.type.native_enum:
        problem = f"column {column.name!a} is a native enum, which versions would share"
        raise DefinitionError(where, f"{problem}: give Enum native_enum=False")
    if isinstance(column.default, Sequence):
        problem = f"column {column.name!a} has a sequence, which versions would share"
        raise DefinitionError(where, f"{problem}: give it an Identity(), or none")


def _copy(table: Table, metadata: MetaData, name: str) -> Table:
    """The same under other names: those of indexes and constraints are taken by other versions."""
    copy = table.to_metadata(metadata, name=name)
    named = [index for index in copy.indexes if index.name in {i.name for i in table.indexes}]
    for number, index in enumerate(sorted(named, key=lambda index: str(index.name))):
        index.name = quoted_name(f"{name}_i{number}", quote=None)
    constraints = sorted((c for c in copy.constraints if c.name), key=lambda c: str(c.name))
    for number, constraint in enumerate(constraints):
        constraint.name = f"{name}_c{number}"
    return copy
