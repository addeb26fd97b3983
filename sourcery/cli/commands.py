"""Commands of one kind: the options that all have, and errors in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sourcery.cli.failing import explained
from sourcery.cli.settings import DATABASE, Settings

F = TypeVar("F", bound=Callable[..., Any])


def _keep(context: click.Context, option: click.Parameter, value: object) -> None:
    settings = context.ensure_object(Settings)
    if value is not None and value is not False:
        setattr(settings, str(option.name), value)


def _shared() -> list[click.Parameter]:
    """They may stand before and behind the name of a command."""
    return [
        click.Option(
            ["--database"],
            metavar="URL",
            expose_value=False,
            callback=_keep,
            help=f"URL of the database; else ${DATABASE}, sourcery.toml, pyproject.toml.",
        ),
        click.Option(
            ["--app"],
            metavar="MODULE:STORE",
            expose_value=False,
            callback=_keep,
            help="Your EventStore, or a function that makes it; else $SOURCERY_APP or a file.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Show the traceback of an error.",
        ),
    ]


class Command(click.Command):
    """A command that takes the shared options as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared())


class Group(click.Group):
    """A group of such commands."""

    command_class: type[click.Command] | None = Command
    group_class: type[click.Group | type] | None = type


class Root(Group):
    """All of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared())

    def invoke(self, ctx: click.Context) -> Any:
        with explained(ctx.ensure_object(Settings)):
            return super().invoke(ctx)


def json_option(function: F) -> F:
    """`--json`, for a program that reads the answer."""
    return click.option("--json", "wants_json", is_flag=True, help="Answer in JSON.")(function)


def yes_option(function: F) -> F:
    """`--yes`, for scripts."""
    return click.option("--yes", is_flag=True, help="Do it without asking.")(function)
