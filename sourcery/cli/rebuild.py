"""`rebuild`: a version of a read model, built beside the one that serves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from sourcery.cli.asking import confirmed
from sourcery.cli.commands import Group, yes_option
from sourcery.cli.escaping import duration
from sourcery.cli.output import console, say
from sourcery.cli.workers import read_model
from sourcery.read_models import Progress, ReadModel


@click.argument("model", metavar="MODULE:READ_MODEL")
@click.option("--switch", is_flag=True, help="Give it to readers when it is built.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.0),
    metavar="SECONDS",
    help="Stop after so long; what is done is kept.",
)
@yes_option
def rebuild(*, model: str, switch: bool, timeout: float | None, yes: bool) -> None:
    """Build a version of a read model up to the end of the log, and show how far it is.

    The version that serves goes on. It goes on after a crash or Ctrl-C where it was. Give what
    you changed a new version: one that is built already is only brought up to date.
    """
    chosen = read_model(model)
    title = f"{chosen.name} version {chosen.version}"
    if switch:
        serving = chosen.standing().serving
        before = "nobody" if serving is None else f"version {serving}"
        confirmed(f"build {title}, then give it to readers instead of {before}", yes=yes)
    try:
        with _showing(title) as report:
            chosen.build(timeout, report)
    except KeyboardInterrupt:
        raise click.ClickException(f"{title} is not finished; run it again to go on") from None
    say(f"{title} is built up to position {chosen.progress().position}")
    if switch:
        _switch(chosen)


def _switch(chosen: ReadModel) -> None:
    before = chosen.switch()
    of = "none before" if before is None else f"before, version {before}"
    say(f"version {chosen.version} of {chosen.name} serves now ({of})")


@contextmanager
def _showing(title: str) -> Generator[Callable[[Progress], object]]:
    screen = console()
    if not screen.is_terminal:
        yield lambda progress: say(f"{title}: {_words(progress)}")
        return
    text = TextColumn("{task.description}", markup=False)
    with Bar(text, BarColumn(), TaskProgressColumn(), console=screen) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda p: bar.update(task, completed=p.share, description=f"{title}: {_words(p)}")


def _words(progress: Progress) -> str:
    rate = "-" if progress.rate is None else f"{progress.rate:.0f}"
    place = f"position {progress.position} of {progress.settled} ({progress.share:.0%})"
    return f"{place}, {rate} a second, {duration(progress.seconds_left)} left"


def add_to(root: Group) -> None:
    """Add the command."""
    root.command()(rebuild)
