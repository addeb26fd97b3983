"""Processes that build a version, or switch to and fro, until they are killed."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any, Final

from sourcery import EventStore
from tests.domain import Account
from tests.read_models.support import count_too, first, second

#: Seconds of the lease: short, since each successor waits for its end.
LEASE: Final = 0.4
#: A parent that has imported everything, so that a new process begins at once.
_spawning: Final = multiprocessing.get_context("forkserver")
_spawning.set_forkserver_preload(["tests.read_models.builder"])


def build(url: str, working: Event) -> None:
    """Build the second version, a small page at a time."""

    def handle(uow: Any, recorded: Any, tables: Any) -> None:
        count_too(uow, recorded, tables)
        working.set()

    with EventStore(url, aggregates=[Account]) as store:
        second(store, handle, page=20, lease=LEASE).build()


def switch(url: str, working: Event) -> None:
    """Let one version serve, then the other, for ever."""
    with EventStore(url, aggregates=[Account]) as store:
        one, two = first(store, lease=LEASE), second(store, lease=LEASE)
        while True:
            two.switch(timeout=30.0)
            working.set()
            one.switch(timeout=30.0)


def started(work: Callable[[str, Event], None], url: str) -> tuple[BaseProcess, Event]:
    """A process at work, and what it sets when it has begun."""
    working = _spawning.Event()
    process = _spawning.Process(target=work, args=(url, working), daemon=True)
    process.start()
    return process, working
