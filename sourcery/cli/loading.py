"""Objects of the user's program, named as `module:attribute`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from sourcery.arguments import refused_call


class CannotLoad(click.ClickException):
    """The user's module failed while it was imported."""


def load(name: str) -> Any:
    """The object of that name; modules are looked for in the working directory as well."""
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise click.UsageError(f"{name!a} is not of the form module:attribute")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - as text, as sys.path has it
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    found: Any = _module(module_name)
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise click.UsageError(f"module {module_name!a} has no {path!a}") from None
    return found


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and name.startswith(error.name):
            problem = f"there is no module {error.name!a} here or in the environment"
            raise click.UsageError(problem) from None
        problem = f"importing {name!a} failed: {type(error).__name__}: {error}"
        raise CannotLoad(problem) from error


def made(value: Any, cls: type[Any] | tuple[type[Any], ...]) -> tuple[Any, bool]:
    """The object, or what a function without arguments makes of it; and whether it was made.

    A function of other arguments, such as a handler, makes nothing and is given back.
    """
    if isinstance(value, cls) or not callable(value) or refused_call(value, []):
        return value, False
    maker: Callable[[], Any] = value
    return maker(), True
