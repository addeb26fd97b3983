"""PostgreSQL's NOTIFY and LISTEN, through psycopg."""

from __future__ import annotations

import socket
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

from sqlalchemy.engine.interfaces import DBAPIConnection

from sourcery.dialects.notices import Interrupt, Notice, Notices

#: Not committed in the safe way: nothing is lost with it, and it waits for no disk.
_SEND: Final = "select set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)"
#: Seconds until a connection to a machine that went away is given up, and how often it is asked.
_KEEPALIVES: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class PostgreSQLNotices(Notices):
    """NOTIFY and LISTEN through psycopg, each a transaction of its own."""

    def __init__(self, driver: DBAPIConnection) -> None:
        self._driver: Any = driver
        self._driver.commit()  # what a hook of the engine began when it connected
        self._driver.autocommit = True
        _keep_alive(self._driver.fileno())

    def send(self, channel: str, sender: str) -> None:
        self._driver.execute(_SEND, (channel, sender))

    def listen(self, channel: str) -> None:
        self._driver.execute(f"listen {_quoted(channel)}")

    def unlisten(self, channel: str) -> None:
        self._driver.execute(f"unlisten {_quoted(channel)}")

    def wait(self, interrupt: Interrupt, timeout: float) -> list[Notice]:
        """By a selector: psycopg itself would look ten times a second for an interrupt."""
        if not (found := self._received()):
            with DefaultSelector() as selector:
                selector.register(self._driver.fileno(), EVENT_READ)
                selector.register(interrupt, EVENT_READ)
                selector.select(timeout)
            found = self._received()
        interrupt.clear()
        return found

    def _received(self) -> list[Notice]:
        return [Notice(each.channel, each.payload) for each in self._driver.notifies(timeout=0)]

    def close(self) -> None:
        self._driver.close()


def _quoted(channel: str) -> str:
    """LISTEN takes no parameter, and the name holds what the row of the store says."""
    return '"' + channel.replace('"', '""') + '"'


def _keep_alive(fileno: int) -> None:
    """Notice that the server's machine went away, also on a connection of a caller's engine."""
    with suppress(OSError), socket.socket(fileno=socket.dup(fileno)) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVES.items():
            if option := getattr(socket, name, None):
                same.setsockopt(socket.IPPROTO_TCP, option, value)
