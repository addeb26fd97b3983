"""`run`: subscribers, relays and read models of your program, in one process."""

from __future__ import annotations

import logging
import os
import sys

import click

from sourcery.cli.commands import Group
from sourcery.cli.escaping import visible
from sourcery.cli.supervising import Supervisor
from sourcery.cli.workers import name_of, workers_of


@click.argument("workers", metavar="MODULE:WORKERS...", nargs=-1, required=True)
@click.option(
    "--drain",
    type=click.FloatRange(0.0),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="Time to finish in after a signal.",
)
@click.option(
    "--attempts",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Failures in a row after which all end.",
)
@click.option("--verbose", "-v", is_flag=True, help="Log what a worker failed with, in full.")
def run(*, workers: tuple[str, ...], drain: float, attempts: int, verbose: bool) -> None:
    """Run workers until SIGTERM or SIGINT: a Subscriber, Relay or ReadModel, or lists of them.

    Each runs in a thread, and needs three connections of its store's pool. After the first signal
    what is in hand is finished and leases are given back; a second one ends at once. A worker
    that fails is started again with growing waits. A handler that fails is no failed worker: its
    shard stands still, as its policy says, and `status` shows it.

    Exit status: 0 drained after a signal; 1 a worker could not work, or did not finish in time;
    128 and its number after a second signal.
    """
    _log(logging.DEBUG if verbose else logging.INFO)
    found = [(name_of(worker), worker) for worker in workers_of(workers)]
    code = Supervisor(found, drain=drain, attempts=attempts).run()
    if code:
        # a thread that hangs may hold what the end of Python waits for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Visible(logging.Formatter):
    """Lines that a terminal obeys nothing of."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, super().format(record).splitlines()))


def _log(level: int) -> None:
    """To standard error, unless the program has set up its own logging."""
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("sourcery").setLevel(level)


def add_to(root: Group) -> None:
    """Add the command."""
    root.command()(run)
