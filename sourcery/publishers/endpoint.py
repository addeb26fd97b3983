"""One HTTP endpoint and the connections to it, kept open between messages."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final

from attrs import define, field

from sourcery.errors import BrokerUnavailable
from sourcery.publishers.address import Address
from sourcery.publishers.deadline import Deadline

#: Of an answer nobody reads; a longer one costs the connection.
_ANSWER_BYTES: Final = 65536


@define(eq=False)
class Endpoint:
    """Requests to one target, from several threads."""

    address: Address
    target: str
    #: Seconds to connect, and for each wait on an open connection.
    connect_timeout: float
    read_timeout: float
    _idle: list[HTTPConnection] = field(factory=list[HTTPConnection])
    _busy: set[HTTPConnection] = field(factory=set[HTTPConnection])
    _lock: threading.Lock = field(factory=threading.Lock)

    def post(self, body: bytes, headers: dict[str, str], deadline: Deadline) -> int:
        """Send and give the status of the answer.

        Raises `BrokerUnavailable` when it cannot connect or the connection breaks, `TimeoutError`
        when no answer comes in time.
        """
        kept = self._taken()
        if kept is not None:
            try:
                return self._exchange(kept, "POST", body, headers, deadline)
            except (ConnectionError, HTTPException):  # perhaps closed since the last message
                pass
        return self._fresh(body, headers, deadline)

    def ask(self, headers: dict[str, str], deadline: Deadline) -> None:
        """Return when it answers OPTIONS, with whatever status; `BrokerUnavailable` if not.

        That it takes a connection says nothing: so do a host that hangs, and a balancer whose
        servers are gone.
        """
        connection = self.connect(deadline)
        try:
            self._exchange(connection, "OPTIONS", None, headers, deadline)
        except (OSError, HTTPException) as error:
            raise BrokerUnavailable(str(self.address), type(error).__name__) from error

    def connect(self, deadline: Deadline) -> HTTPConnection:
        """Open a connection; `BrokerUnavailable` when that fails."""
        seconds = min(self.connect_timeout, deadline.left) or 0.001
        connection = self._made(seconds)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise BrokerUnavailable(str(self.address), type(error).__name__) from error
        with self._lock:
            self._busy.add(connection)
        return connection

    def abort(self) -> None:
        """Wake the threads that wait for answers: theirs are not wanted any more."""
        with self._lock:
            for connection in self._busy:
                if connection.sock is not None:
                    with suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close what is not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def drop(self, connection: HTTPConnection) -> None:
        """Close one that was taken or opened."""
        with self._lock:
            self._busy.discard(connection)
        connection.close()

    def _fresh(self, body: bytes, headers: dict[str, str], deadline: Deadline) -> int:
        if deadline.passed:
            raise TimeoutError
        connection = self.connect(deadline)
        try:
            return self._exchange(connection, "POST", body, headers, deadline)
        except (ConnectionError, HTTPException) as error:  # it broke in the middle of the answer
            raise BrokerUnavailable(str(self.address), type(error).__name__) from error

    def _made(self, seconds: float) -> HTTPConnection:
        host, port = self.address.host, self.address.port
        if self.address.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, port, timeout=seconds, context=context)
        return HTTPConnection(host, port, timeout=seconds)

    def _taken(self) -> HTTPConnection | None:
        with self._lock:
            if not self._idle:
                return None
            connection = self._idle.pop()
            self._busy.add(connection)
            return connection

    def _exchange(
        self,
        connection: HTTPConnection,
        method: str,
        body: bytes | None,
        headers: dict[str, str],
        deadline: Deadline,
    ) -> int:
        try:
            connection.sock.settimeout(min(self.read_timeout, deadline.left) or 0.001)
            connection.request(method, self.target, body, headers)
            response = connection.getresponse()
            response.read(_ANSWER_BYTES)
            keep = response.isclosed() and not response.will_close
        except (OSError, HTTPException):
            self.drop(connection)
            raise
        self._give_back(connection) if keep else self.drop(connection)
        return response.status

    def _give_back(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
            self._idle.append(connection)
