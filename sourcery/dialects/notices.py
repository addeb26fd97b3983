"""Wake-ups through a database: what a connection that sends or awaits them can do.

They are only a shorter way: whoever waits looks again anyway, so one may be lost, and more
may come than were sent.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Self

from attrs import frozen
from sqlalchemy.engine.interfaces import DBAPIConnection


@frozen
class Notice:
    """One wake-up that came."""

    channel: str
    #: The process that sent it.
    sender: str


class Interrupt:
    """Ends a wait on a connection, from another thread."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        for side in (self._read, self._write):
            side.setblocking(False)

    def fileno(self) -> int:
        """For a selector."""
        return self._read.fileno()

    def set(self) -> None:
        """End the wait that is under way, or the next one."""
        with suppress(OSError):  # it is set already, or over
            self._write.send(b"!")

    def clear(self) -> None:
        """Make ready for the next wait."""
        with suppress(BlockingIOError):
            self._read.recv(4096)

    def close(self) -> None:
        """Let go of the sockets."""
        self._read.close()
        self._write.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Notices(ABC):
    """A connection outside every pool, used by one thread, that sends or awaits wake-ups.

    Every method raises the driver's error when the connection is lost.
    """

    @abstractmethod
    def __init__(self, driver: DBAPIConnection) -> None: ...

    @abstractmethod
    def send(self, channel: str, sender: str) -> None:
        """Wake all that listen to the channel, at once."""

    @abstractmethod
    def listen(self, channel: str) -> None:
        """Await what is sent from now on."""

    @abstractmethod
    def unlisten(self, channel: str) -> None:
        """Await it no more."""

    @abstractmethod
    def wait(self, interrupt: Interrupt, timeout: float) -> list[Notice]:
        """Sleep until something came, the interrupt, or `timeout` seconds are over."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""
