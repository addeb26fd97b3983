"""The board's subscriber in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from examples.flights.board import NAME, subscriber
from examples.flights.events import AircraftEvent
from sourcery import Consumer, EventStore, Token
from sourcery.errors import ConsumerNotFound, WaitTimeout

#: Seconds to wait between two looks at the process.
STEP = 0.25


@contextmanager
def board_process(database: str) -> Generator[BaseProcess]:
    """Run the subscriber beside the block. At its end it finishes its page and lets go."""
    context = get_context("spawn")  # a new interpreter: nothing open is shared
    here, there = context.Pipe()
    process = context.Process(target=keep_board, args=(database, there), name=NAME)
    process.start()
    there.close()
    try:
        yield process
    finally:
        here.close()
        process.join()


def keep_board(database: str, parent: Connection) -> None:
    """What the process does: follow the log until the parent closes its end, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    stop = Event()
    Thread(target=_stop_after, args=(parent, stop), daemon=True).start()
    with EventStore(database, events=AircraftEvent) as store:
        subscriber(store).run(stop)


def _stop_after(parent: Connection, stop: Event) -> None:
    with suppress(EOFError, OSError):
        parent.recv()
    stop.set()


def has_reached(store: EventStore, token: Token, process: BaseProcess) -> bool | None:
    """Whether the board shows all that the token names; None when its process has ended.

    Raises `ConsumerFailed` when it cannot go on. Waits a moment, so call it again.
    """
    try:
        Consumer(store, NAME).wait_for(token, timeout=STEP)
    except WaitTimeout:
        return False if process.is_alive() else None
    except ConsumerNotFound:  # it is only starting
        process.join(STEP)
        return False if process.is_alive() else None
    return True
