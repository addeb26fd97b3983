"""Which database and which store: said by options, the environment or a file, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import click
from attrs import define, frozen

#: A table of its own in the first, `[tool.sourcery]` in the second; the first that is there counts.
FILES: Final = ("sourcery.toml", "pyproject.toml")
DATABASE: Final = "SOURCERY_DATABASE_URL"
APP: Final = "SOURCERY_APP"
_NAMES: Final = ("database", "app")


@frozen
class Where:
    """A database by its URL, or a store by the module that has it; never both."""

    database: str | None
    app: str | None


@define
class Settings:
    """What the options say."""

    database: str | None = None
    app: str | None = None
    debug: bool = False

    def where(self) -> Where:
        """What the first of options, environment and file says; `UsageError` when none does.

        Where both stand in one place a store counts more: it knows its own database.
        """
        if self.database and self.app:
            raise click.UsageError("say --database or --app, which has a database of its own")
        environment = {"database": os.environ.get(DATABASE), "app": os.environ.get(APP)}
        for given in ({"database": self.database, "app": self.app}, environment, _from_file()):
            if given.get("app"):
                return Where(None, given["app"])
            if given.get("database"):
                return Where(given["database"], None)
        problem = f"no database: say --database URL or --app module:store, set {DATABASE} or "
        raise click.UsageError(
            problem + "write `database` into sourcery.toml or [tool.sourcery] of pyproject.toml"
        )


def _from_file() -> Mapping[str, str | None]:
    for name in FILES:
        table = _table(Path(name))
        if table is not None:
            return _checked(name, table)
    return {}


def _table(path: Path) -> dict[str, Any] | None:
    """What the file says of us; None when it is not there, or says nothing."""
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except tomllib.TOMLDecodeError as error:
        raise click.UsageError(f"{path} is no TOML: {error}") from None
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path} cannot be read: {type(error).__name__}") from None
    if path.name == FILES[0]:
        return whole
    tools: dict[str, Any] = whole.get("tool", {})
    return tools.get("sourcery")


def _checked(name: str, table: dict[str, Any]) -> Mapping[str, str | None]:
    if unknown := sorted(set(table) - set(_NAMES)):
        where = "at its top" if name == FILES[0] else "in [tool.sourcery]"
        problem = f"{name} says {', '.join(unknown)}: it may say {' and '.join(_NAMES)}, {where}"
        raise click.UsageError(problem)
    for key, value in table.items():
        if not isinstance(value, str):
            raise click.UsageError(f"{name}: {key} must be a string")
    return cast("Mapping[str, str | None]", table)
