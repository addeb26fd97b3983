"""Verifying a version: built anew aside, compared, dropped.

The copy is run by a thread of this process from its first event until it is dropped. So its
lease says to others that a check is on, and runs out when this process ends.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event
from typing import Final

from sourcery.control import Consumer
from sourcery.errors import (
    ConsumerFailed,
    ConsumerNotFound,
    NotComparable,
    ReadModelRefused,
    WaitTimeout,
)
from sourcery.read_models import making
from sourcery.read_models.building import Progress, Watch
from sourcery.read_models.comparing import Comparison, compare
from sourcery.read_models.version import Version

OnProgress = Callable[[Progress], object]

#: Seconds between two reports of the progress, and until its consumer is looked for again.
_BETWEEN_REPORTS: Final = 1.0
_BETWEEN_LOOKS: Final = 0.02


def verify(
    version: Version,
    copy: Version,
    columns: Iterable[str] | None,
    sample: float,
    on_progress: OnProgress | None,
) -> Comparison:
    """Compare a version with a copy that is built for it, and leave nothing behind."""
    try:
        making.drop(copy)  # what a process that ended has left
    except ReadModelRefused as error:
        problem = "another check of it runs, or was killed less than half a minute ago: try again"
        raise NotComparable(version.name, problem) from error
    with _running(copy) as worker:
        _until_built(copy, worker, on_progress)
        return compare(version, copy, columns, sample)


@contextmanager
def _running(copy: Version) -> Generator[Future[None]]:
    stop = Event()
    try:
        making.prepare(copy)
        with ThreadPoolExecutor(1, "sourcery-check") as threads:
            try:
                yield threads.submit(copy.subscriber.run, stop)
            finally:
                stop.set()
    finally:
        making.drop(copy)


def _until_built(copy: Version, worker: Future[None], on_progress: OnProgress | None) -> None:
    token, consumer = copy.store.now(), Consumer(copy.store, copy.consumer)
    watch: Watch | None = None
    while True:
        try:
            consumer.wait_for(token, _BETWEEN_REPORTS)
        except ConsumerNotFound:  # its thread has only just begun
            wait([worker], _BETWEEN_LOOKS)
        except ConsumerFailed as error:
            problem = f"its handler failed in the check: {error.cause}"
            raise NotComparable(copy.name, problem) from error
        except WaitTimeout:
            watch = watch or Watch(copy)
            if on_progress is not None:
                on_progress(watch.progress())
        else:
            return
        if worker.done():
            worker.result()
