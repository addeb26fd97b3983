"""A database server as a child process: its account, folder, port and end."""

import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from tests.databases import guard
from tests.databases.folder import DEADLINE, GuardedFolder

Command = Callable[[int], Sequence[str]]  # the port gives the command line
Ready = Callable[[int], bool]  # whether the process of this id accepts connections

STARTS = 5
LAUNCHER = "nobody"  # PostgreSQL and MariaDB refuse to run as root


class ServerFailed(Exception):
    """The server did not do what was asked. Its own words follow."""

    def __init__(self, what: str, log: str) -> None:
        super().__init__(what, log)
        self.what = what
        self.log = log

    def __str__(self) -> str:
        return f"{self.what}\n{self.log}"


class ServerProcess:
    """One server, its folder and its guard, from the first start to ``remove``.

    ``start`` may be called again after ``stop`` and ``kill``, from any thread: the
    folder and the port stay.
    """

    def __init__(self, name: str, account: "Account | None" = None) -> None:
        self._home = GuardedFolder(name)
        self._account = unprivileged() if account is None else account
        self.folder = self._home.path
        self.port = 0
        self._log = self.folder / "log"
        self._child: subprocess.Popen[bytes] | None = None
        if self._account:
            os.chown(self.folder, self._account["user"], self._account["group"])

    @property
    def alive(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def run(self, command: Sequence[str]) -> None:
        """Run a command of the server's to its end, as the server's account."""
        child = self._spawn(command)
        code = child.wait(DEADLINE)
        self._home.watch(0)
        if code != 0:
            raise ServerFailed(f"{command[0]} ended with {code}", self._words())

    def start(self, command: Command, ready: Ready) -> None:
        """Start it and wait until it is ready; the first time, find it a port."""
        first = self.port == 0
        for _ in range(STARTS):
            # Somebody may have taken the port since: find another one, or, as
            # those who know this server come back to it, ask for the same again.
            self.port = free_port() if first else self.port
            self._child = self._spawn(command(self.port))
            if self._wait(self._child, ready):
                return
        raise ServerFailed(f"the server did not start {STARTS} times", self._words())

    def stop(self, how: signal.Signals) -> None:
        """Shut it down in good order; what it stored stays."""
        if self._child is not None and self.alive:
            self._child.send_signal(how)
            try:
                self._child.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ServerFailed(f"did not stop in {DEADLINE} s", self._words()) from None
        self._home.watch(0)

    def signal(self, which: signal.Signals) -> None:
        """Send a signal to it and to all it started."""
        if self._child is not None and self.alive:
            guard.signal_tree(self._child.pid, which)

    def kill(self) -> None:
        """End all its processes at once, like a crash; what it stored stays."""
        if self._child is not None and self.alive:
            guard.kill_tree(self._child.pid)
            self._child.wait(DEADLINE)
        self._home.watch(0)

    def remove(self) -> None:
        """End it and delete its folder. It cannot be started again."""
        self.kill()
        self._home.remove()

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account,
            )
        self._home.watch(child.pid)
        return child

    def _wait(self, child: subprocess.Popen[bytes], ready: Ready) -> bool:
        """Wait until it is ready: true. It ended by itself: false."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            if ready(child.pid):
                return True
            try:
                child.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            return False
        self.kill()
        raise ServerFailed(f"the server was not ready in {DEADLINE} s", self._words())

    def _environment(self) -> dict[str, str]:
        """Leave out what would change the server's settings behind our back.

        A MariaDB that starts deletes the temporary tables of every other one with the
        same folder for them, so each has its own.
        """
        theirs = ("PG", "MYSQL", "MARIADB", "LC_", "LANG")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(theirs)}
        return {**kept, "LC_ALL": "C", "TMPDIR": str(self.folder)}

    def _words(self) -> str:
        return self._log.read_text(errors="replace")[-5000:]


class Account(TypedDict, total=False):
    """Arguments of `subprocess` that choose a child's account; none is the parent's."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged() -> Account:
    """Give the arguments of ``subprocess`` by which a child of root is not root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(LAUNCHER)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def reachable(program: Path) -> bool:
    """Whether the server's account may run a program; it cannot below root's home."""
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, **unprivileged())
    except PermissionError:
        return False
    return True


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on.

    It is below those the kernel gives to clients, so that hardly anybody takes it
    while its server is down.
    """
    for port in random.sample(range(15_000, 32_000), 100):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("no free port found on 127.0.0.1", "")
