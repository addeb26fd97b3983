"""Listens at a port of its own, and joins whoever comes with the server."""

import socket
import threading
from contextlib import suppress
from typing import Final, Self

from attrs import define, field

from tests.proxy.link import Link, Way
from tests.proxy.rules import AfterBytes, AtRequest, Fault, Rule

_PIECE: Final = 65536


@define(eq=False)
class Proxy:
    """Listens at a port of its own from the beginning; what is behind it may come later."""

    #: The port of 127.0.0.1 to which connections lead.
    target: int = 0
    host: str = "127.0.0.1"
    #: Bytes that have passed.
    passed: dict[Way, int] = field(factory=lambda: {"there": 0, "back": 0})
    #: How often it was cut.
    cuts: int = 0
    #: Whether new connections are taken.
    is_open: bool = True
    #: Seconds by which each answer is late.
    delay: float = 0.0
    _rule: Rule | None = None
    _links: list[Link] = field(factory=list)
    _released: threading.Event = field(factory=threading.Event)
    _lock: threading.Lock = field(factory=threading.Lock)
    _listener: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        """Of 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    @property
    def has_fired(self) -> bool:
        """Whether the last rule has done what it is for."""
        return self._rule is not None and self._rule.fired

    # -- harm --------------------------------------------------------------------------

    def cut(self) -> None:
        """Break all connections there are."""
        self.cuts += 1
        for link in self._forgotten():
            link.cut()

    def lose(self) -> None:
        """Cut all clients off; the server is not told."""
        for link in self._all():
            link.lose()

    def cut_after(self, count: int, way: Way) -> None:
        """Break all connections when so many more bytes have passed, and no more than these."""
        self._rule = AfterBytes(count, way)

    def at_request(self, number: int, fault: Fault) -> None:
        """Do harm to the how-manieth request from now on, over all connections."""
        self._rule = AtRequest(fault, number)

    def before_commit(self) -> None:
        """The next COMMIT never reaches the server."""
        self._rule = AtRequest("request")

    def after_commit(self, *, refuse: bool = False) -> None:
        """It does, but its answer never comes back; with `refuse` neither does the server."""
        self._rule = AtRequest("answer", then=self._shut if refuse else lambda: None)

    def during_commit(self) -> None:
        """The client is cut off at once, the server gets the COMMIT at `release`."""
        self._released.clear()
        self._rule = AtRequest("lost", released=self._released)

    def release(self) -> None:
        """Let what is held back reach the server."""
        self._released.set()

    def refuse(self) -> None:
        """Be a host that is gone, until `accept`."""
        self._shut()
        self.cut()

    def _shut(self) -> None:
        self.is_open = False

    def accept(self) -> None:
        """Take connections again."""
        self.is_open = True

    def heal(self) -> None:
        """Do no more harm; the server is told of what is lost, and what is stalled is cut."""
        self._rule, self.delay = None, 0.0
        self.release()
        for link in self._all():
            if link.is_lost or link.is_stalled:
                link.cut()
        self.accept()

    # -- the wire ----------------------------------------------------------------------

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._shut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()
        self.cut()

    def _all(self) -> list[Link]:
        with self._lock:
            return list(self._links)

    def _forgotten(self) -> list[Link]:
        with self._lock:
            links, self._links = self._links, []
        return links

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            if not self.is_open:
                raise ConnectionRefusedError
            server = socket.create_connection((self.host, self.target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(client, server)
        with self._lock:
            self._links.append(link)
        ways: tuple[tuple[socket.socket, Way], ...] = ((client, "there"), (server, "back"))
        for source, way in ways:
            threading.Thread(target=self._pump, args=(link, source, way), daemon=True).start()

    def _pump(self, link: Link, source: socket.socket, way: Way) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                self._pass(link, way, piece)
        if not (link.is_lost and way == "there"):
            link.cut()

    def _pass(self, link: Link, way: Way, piece: bytes) -> None:
        if way == "back" and self.delay:
            threading.Event().wait(self.delay)
        rule = self._rule
        is_taken = rule is not None and rule.takes(link, way, piece)
        link.is_asking = way == "there"
        with self._lock:
            self.passed[way] += len(piece)
        if not is_taken:
            link.send(way, piece)
        elif isinstance(rule, AfterBytes):
            self.cut()
