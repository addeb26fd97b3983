"""Core statements rendered once and run as driver-level SQL.

Compiling, even from SQLAlchemy's cache, costs more than a short statement itself. The text
is rendered per database dialect and schema, because driver-level SQL ignores
`schema_translate_map`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from attrs import frozen
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    Engine,
    SelectBase,
    String,
    UpdateBase,
    and_,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from sourcery.dialects.driver import Rows, run


@frozen
class Rendered:
    """Driver-level SQL and how its parameters are passed."""

    text: str
    #: Names in the order of placeholders, for drivers that count them.
    order: tuple[str, ...] | None
    #: Values that are part of the statement itself.
    constants: dict[str, Any]

    def arranged(self, values: dict[str, Any]) -> Any:
        """The values as the driver takes them."""
        everything = self.constants | values
        if self.order is None:
            return everything
        return tuple([everything[name] for name in self.order])


def schema_of(connection: Connection | Engine) -> str | None:
    """The schema that `schema_translate_map` gives to our tables."""
    translate = connection.get_execution_options().get("schema_translate_map")
    return translate.get(None) if translate else None


def beyond(columns: Sequence[ColumnElement[Any]], last: Sequence[Any]) -> ColumnElement[bool]:
    """What follows a key in its order; spelled out: not every database has an index for tuples."""
    further: ColumnElement[bool] = columns[0] > last[0]
    if len(columns) == 1:
        return further
    return further | and_(columns[0] == last[0], beyond(columns[1:], last[1:]))


class Constant(ColumnElement[str]):
    """A text that is part of the statement."""

    type: TypeEngine[str] = String()
    inherit_cache: bool | None = False

    def __init__(self, value: str) -> None:
        self.value = value


@compiles(Constant)
def _constant(element: Constant, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.render_literal_value(element.value, element.type)


class Statement:
    """A Core statement whose bound parameters are given as a mapping of plain values.

    Values and results pass between driver and caller unchanged: no type of SQLAlchemy
    converts them.
    """

    def __init__(self, core: ClauseElement) -> None:
        self._core = core
        self._returns = isinstance(core, SelectBase) or bool(getattr(core, "_returning", ()))
        self._rendered: WeakKeyDictionary[Dialect, dict[str | None, Rendered]]
        self._rendered = WeakKeyDictionary()

    def returning(self, *columns: ColumnElement[Any]) -> Statement:
        """The same write, which gives back columns of the rows it hit."""
        assert isinstance(self._core, UpdateBase)
        return Statement(self._core.returning(*columns))

    def run(self, connection: Connection, values: dict[str, Any]) -> Rows:
        """Execute once."""
        rendered = self._on(connection)
        return run(connection, rendered.text, rendered.arranged(values), returns=self._returns)

    def run_many(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute for each row, in the driver's own batch mode."""
        rendered = self._on(connection)
        connection.exec_driver_sql(rendered.text, [rendered.arranged(row) for row in rows])

    def _on(self, connection: Connection) -> Rendered:
        schema = schema_of(connection)
        by_schema = self._rendered.setdefault(connection.dialect, {})
        if schema not in by_schema:
            by_schema[schema] = self._render(connection.dialect, schema)
        return by_schema[schema]

    def _render(self, dialect: Dialect, schema: str | None) -> Rendered:
        compiled = self._core.compile(
            dialect=dialect,
            schema_translate_map={None: schema} if schema else None,
            render_schema_translate=bool(schema),
        )
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"{self._core!r} is not a statement")
        constants = {k: v for k, v in compiled.params.items() if v is not None}
        order = tuple(compiled.positiontup or ()) if compiled.positional else None
        return Rendered(str(compiled), order, constants)
