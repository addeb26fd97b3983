"""Writers that keep subscribers busy, and survive what the subscribers must survive."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Event
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.errors import CommitUnknown, Retryable
from tests.faults.model import BUSY, CALM, Moved

#: Share of transactions that roll back, and leave a hole in the positions.
ROLLBACKS = 0.1
#: Share of transactions with an event that a process manager takes.
CALM_SHARE = 0.3


class _RolledBack(Exception):
    """Raised to undo a transaction."""


class Load:
    """Writers in threads of this process, until the end of the block or `stop`."""

    def __init__(
        self, store: EventStore, *, writers: int = 3, streams: int = 12, pause: float = 0.05
    ) -> None:
        self._store = store
        self._streams = streams
        self._pause = pause
        self._flowing = Event()
        self._stopping = Event()
        self._threads = ThreadPoolExecutor(writers)
        self._tasks: list[Future[None]] = []
        self._flowing.set()
        self._seeds = range(1, writers + 1)

    def hold(self, *, back: bool) -> None:
        """Write nothing for a while, or go on."""
        (self._flowing.clear if back else self._flowing.set)()

    def stop(self) -> None:
        """End all writers; raises what one of them raised."""
        self._stopping.set()
        self._flowing.set()
        for task in self._tasks:
            task.result()

    def _write(self, random: Random) -> None:
        while not self._stopping.is_set():
            self._flowing.wait()
            with suppress(_RolledBack):
                self._append(random)
            self._stopping.wait(random.uniform(0, 2 * self._pause))

    def _append(self, random: Random) -> None:
        """One transaction. Whether one that failed happened, only the log knows."""
        try:
            with UnitOfWork(self._store) as uow:
                category, most = (CALM, 1) if random.random() < CALM_SHARE else (BUSY, 10)
                for _ in range(random.randint(1, most)):
                    stream = Stream(category, random.randrange(self._streams))
                    uow.append(stream, [Moved(random.randrange(1000))])
                if random.random() < ROLLBACKS:
                    raise _RolledBack
        except (Retryable, CommitUnknown):
            pass
        except DBAPIError as error:
            if not (error.connection_invalidated or is_servers(error)):
                raise

    def __enter__(self) -> Self:
        self._tasks = [self._threads.submit(self._write, Random(seed)) for seed in self._seeds]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._flowing.set()
        self._threads.shutdown()


def is_servers(error: DBAPIError) -> bool:
    """Whether the server, not the statement, is to blame: it is down, or going down."""
    return type(error).__name__ in ("OperationalError", "InterfaceError")
