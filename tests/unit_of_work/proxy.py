"""A TCP proxy before a database server, which cuts a connection at its COMMIT."""

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

DEADLINE = 30.0
#: The statement, not the isolation level READ COMMITTED.
_COMMIT = re.compile(rb"COMMIT(?!TED)")


class Proxy:
    """Forwards every connection to the server until it is told to break one.

    `before_commit()`: the next COMMIT never reaches the server.
    `after_commit()`: it does, but its answer never comes back.
    `during_commit()`: the client is cut off at once, the server gets the COMMIT at `release`.
    Each breaks one connection; `refuse()` also ends all later ones.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._rule: Callable[[_Link, bytes], None] | None = None
        self._refusing = False
        self._released = Event()
        self._links: list[_Link] = []
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def before_commit(self) -> None:
        """Lose the next COMMIT on its way."""
        self._rule = lambda link, _: link.cut()

    def after_commit(self, *, refuse: bool = False) -> None:
        """Lose the answer to the next COMMIT, and with `refuse` the server after it."""

        def rule(link: "_Link", data: bytes) -> None:
            link.mute = True
            self._refusing = refuse
            link.server.sendall(data)

        self._rule = rule

    def during_commit(self) -> None:
        """Cut the client off; the server commits later."""

        def rule(link: "_Link", data: bytes) -> None:
            link.mute = True
            _close(link.client)
            self._released.wait(DEADLINE)
            link.server.sendall(data)

        self._rule = rule

    def release(self) -> None:
        """Let the COMMIT that is held back reach the server."""
        self._released.set()

    def take_rule(self, data: bytes) -> Callable[["_Link", bytes], None] | None:
        """The rule for this data of a client, which is then used up."""
        if self._rule is None or not _COMMIT.search(data):
            return None
        rule, self._rule = self._rule, None
        return rule

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _close(client)
                continue
            self._links.append(_Link(self, client, socket.create_connection(self._server)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        _close(self._listener)
        for link in self._links:
            link.cut()


class _Link:
    """One client's connection and the one to the server."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.mute = False
        self._proxy = proxy
        for pump in (self._to_server, self._to_client):
            Thread(target=self._run, args=(pump,), daemon=True).start()

    def cut(self) -> None:
        """End both sides."""
        _close(self.client)
        _close(self.server)

    def _run(self, pump: Callable[[], None]) -> None:
        with suppress(OSError):  # the other side is gone
            pump()
        if not self.mute:
            self.cut()

    def _to_server(self) -> None:
        while data := self.client.recv(65536):
            if rule := self._proxy.take_rule(data):
                rule(self, data)
            else:
                self.server.sendall(data)

    def _to_client(self) -> None:
        while data := self.server.recv(65536):
            if self.mute:
                self.cut()
                return
            self.client.sendall(data)


def _close(side: socket.socket) -> None:
    with suppress(OSError):  # it was not connected any more
        side.shutdown(socket.SHUT_RDWR)
    side.close()
