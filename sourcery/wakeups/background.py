"""A thread that works on a connection of its own, and survives the loss of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from threading import RLock, Thread, current_thread
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection

from sourcery.dialects.notices import Notices
from sourcery.waiting import Latch

logger: logging.Logger = logging.getLogger("sourcery.wakeups")

#: Seconds to wait before the first attempt to connect again, and at most.
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0

Connect = Callable[[], Notices]


def connector(engine: Engine, notices: type[Notices]) -> Connect:
    """Connects as the engine does, hooks included, but takes none of its pool's connections."""

    def connect() -> Notices:
        connection = engine.pool.recreate().connect()
        driver = connection.dbapi_connection
        connection.detach()
        assert driver is not None
        return _prepared(driver, notices)

    return connect


def _prepared(driver: DBAPIConnection, notices: type[Notices]) -> Notices:
    try:
        return notices(driver)
    except BaseException:
        driver.close()
        raise


class Background:
    """A daemon thread, started when first needed, that never harms who needs it."""

    def __init__(self, name: str, connect: Connect) -> None:
        self._name = name
        self._connect = connect
        self._closing = Latch()
        self._lock = RLock()
        self._thread: Thread | None = None
        self._pause = FIRST_PAUSE

    def begin(self) -> None:
        """Run, unless it runs or was closed. After a fork it runs no more, and begins again."""
        if self._runs() or self._closing.is_set:
            return
        with self._lock:
            if self._runs():  # another thread has begun it, or it was not quite alive yet
                return
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # no more threads, or the interpreter ends
                logger.debug("%s was not started: %s", self._name, error)

    def _runs(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def close(self) -> None:
        """Finish and end; `join` waits for it."""
        self._closing.set()

    def join(self, timeout: float) -> None:
        """Wait until it has ended, at most `timeout` seconds."""
        thread = self._thread
        if thread is not None and thread.is_alive() and thread is not current_thread():
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            try:
                with closing(self._connect()) as notices:
                    self._work(notices)
            except Exception as error:  # noqa: BLE001 - whatever it is, looking goes on without us
                logger.debug("%s: %s, connecting again", self._name, type(error).__name__)
            else:
                return
            if self._closing.wait(self._pause):
                return
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _work(self, notices: Notices) -> None:
        """Work until there is nothing to do any more; the connection may be lost at any time."""
        raise NotImplementedError

    def _succeeded(self) -> None:
        """The connection is good: after its loss the first pause is short again."""
        self._pause = FIRST_PAUSE
