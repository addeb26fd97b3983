"""A consumer in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Thread

#: Runs until its event is set. It is sent to the process, so it is a module's function.
Work = Callable[[Event], None]


@contextmanager
def process_of(consumer: str, work: Work) -> Generator[BaseProcess]:
    """Run a consumer beside the block. At its end it finishes its page and lets go."""
    context = get_context("spawn")  # a new interpreter: nothing open is shared
    here, there = context.Pipe()
    process = context.Process(target=_until_parent_ends, args=(work, there), name=consumer)
    process.start()
    there.close()
    try:
        yield process
    finally:
        here.close()
        process.join()


def _until_parent_ends(work: Work, parent: Connection) -> None:
    """Work until the parent closes its end, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    stop = Event()
    Thread(target=_stop_after, args=(parent, stop), daemon=True).start()
    work(stop)


def _stop_after(parent: Connection, stop: Event) -> None:
    with suppress(EOFError, OSError):
        parent.recv()
    stop.set()
