"""The reference page of the command line, made of the commands themselves.

python -m tests.docs.command_line > docs/reference/command-line.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from sourcery.cli import main

HEAD = """# Reference: the command line

Made from the commands by `python -m tests.docs.command_line`; a test compares. How to use them:
[Operate with the command line](../how-to/operate-with-the-command-line.md).

These options stand before or behind the name of every command:

"""


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join([*_options(main), "", *_commands(main, "sourcery")]).rstrip() + "\n"


def leaves(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, with their names."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _commands(group: click.Group, path: str) -> Iterator[str]:
    shared = {parameter.name for parameter in group.params}
    for name, command in leaves(group, path):
        words = [name, *_arguments(command)]
        yield from (f"## `{' '.join(words)}`", "", inspect.cleandoc(command.help or ""), "")
        own = [one for one in _options(command) if one.split("`")[1].split()[0][2:] not in shared]
        yield from [*own, ""] if own else []


def _arguments(command: click.Command) -> list[str]:
    found = [p for p in command.params if isinstance(p, click.Argument)]
    return [argument.metavar or str(argument.name).upper() for argument in found]


def _options(command: click.Command) -> list[str]:
    found = [p for p in command.params if isinstance(p, click.Option) and p.name != "version"]
    return [_option(option) for option in found]


def _option(option: click.Option) -> str:
    names = ", ".join(sorted(option.opts, key=len, reverse=True))
    shown = names if option.is_flag else f"{names} {option.metavar or _kind(option)}"
    default = f" Default: {option.default}." if option.show_default else ""
    return f"- `{shown}`: {option.help}{default}"


def _kind(option: click.Option) -> str:
    kind = option.type
    if isinstance(kind, click.Choice):
        return "|".join(map(str, kind.choices))
    whole = isinstance(kind, click.IntRange)
    return "NUMBER" if whole or isinstance(kind, click.FloatRange) else "TEXT"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - a script
