"""A wire between publishers and a broker, which a test can cut at any byte."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Literal, Self

from attrs import define, field

#: Towards the broker, or from it.
Way = Literal["there", "back"]

_PIECE: Final = 65536
#: Close with a reset, as a wire that breaks does, and not with a farewell.
_RESET: Final = struct.pack("ii", 1, 0)


@define(eq=False)
class _Cable:
    """One connection: the two sockets that it joins."""

    ends: tuple[socket.socket, socket.socket]

    def cut(self) -> None:
        """Both sides notice at once."""
        for end in self.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@define(eq=False)
class Proxy:
    """Listens at a port of its own from the beginning; what is behind it may come later."""

    #: The port of 127.0.0.1 to which connections lead.
    target: int = 0
    #: Bytes that have passed.
    passed: dict[Way, int] = field(factory=lambda: {"there": 0, "back": 0})
    #: How often it was cut.
    cuts: int = 0
    #: Whether new connections are taken.
    is_open: bool = True
    _cut_at: dict[Way, int] = field(factory=dict)
    _cables: list[_Cable] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)
    _listener: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        """Of 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Break all connections there are."""
        with self._lock:
            cables, self._cables = self._cables, []
            self.cuts += 1
        for cable in cables:
            cable.cut()

    def cut_after(self, count: int, way: Way) -> None:
        """Break all connections when so many more bytes have passed, and no more than these."""
        with self._lock:
            self._cut_at[way] = self.passed[way] + count

    def refuse(self) -> None:
        """Be a host that is gone, until `accept`."""
        self.is_open = False
        self.cut()

    def accept(self) -> None:
        """Take connections again."""
        self.is_open = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            if not self.is_open:
                raise ConnectionRefusedError
            broker = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cable = _Cable((client, broker))
        with self._lock:
            self._cables.append(cable)
        for ends, way in (((client, broker), "there"), ((broker, client), "back")):
            threading.Thread(target=self._pump, args=(cable, *ends, way), daemon=True).start()

    def _pump(self, cable: _Cable, source: socket.socket, sink: socket.socket, way: Way) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                allowed, is_last = self._allowed(len(piece), way)
                sink.sendall(piece[:allowed])
                if is_last:
                    self.cut()
        cable.cut()

    def _allowed(self, count: int, way: Way) -> tuple[int, bool]:
        """How many of so many bytes may pass, and whether the wire breaks behind them."""
        with self._lock:
            at = self._cut_at.get(way)
            is_last = at is not None and self.passed[way] + count >= at
            if at is not None and is_last:
                count = max(0, at - self.passed[way])
                del self._cut_at[way]
            self.passed[way] += count
        return count, is_last
