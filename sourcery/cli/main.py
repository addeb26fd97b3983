"""The root of all commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

import click

from sourcery.cli import (
    consumers,
    dead,
    deploy,
    mending,
    outbox,
    rebuild,
    run,
    schema,
    snapshots,
    status,
    streams,
    tail,
    trace,
    transfer,
    verify,
)
from sourcery.cli.commands import Root


@click.group(
    "sourcery",
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("sourcery-events"), prog_name="sourcery")
def main() -> None:
    """Look at an event store, and operate it.

    Exit status: 0 done, 1 an error or a "no", 2 a wrong call. `status`, `verify` and
    `check-deploy` have further ones.
    """


_PARTS: Final = (
    schema,
    status,
    tail,
    streams,
    trace,
    consumers,
    dead,
    outbox,
    snapshots,
    verify,
    deploy,
    rebuild,
    run,
    transfer,
    mending,
)
for _part in _PARTS:
    _part.add_to(main)
