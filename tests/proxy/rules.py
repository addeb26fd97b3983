"""What goes wrong on a wire, and when: each rule is asked for every piece that passes."""

import re
import threading
from collections.abc import Callable
from typing import Final, Literal, Protocol

from attrs import define, field

from tests.proxy.link import Link, Way

#: Seconds after which what is held back passes all the same.
DEADLINE: Final = 30.0
#: The statement, not the isolation level READ COMMITTED.
_COMMIT: Final = re.compile(rb"COMMIT(?!TED)")

#: request: it never reaches the server. answer: it does, and its answer is lost. half: of the
#: answer only the beginning comes. lost: the client is cut off when it has asked, the server goes
#: on. stalled: nothing comes back any more, and nobody is told.
Fault = Literal["request", "answer", "half", "lost", "stalled"]


class Rule(Protocol):
    """Decides about pieces until it has done what it is for."""

    #: Whether it has.
    fired: bool

    def takes(self, link: Link, way: Way, data: bytes) -> bool:
        """Whether it has dealt with the piece; else the piece passes."""
        ...


@define(eq=False)
class AfterBytes:
    """Cuts the link when so many more bytes have passed, and no more than these."""

    left: int
    way: Way
    fired: bool = False

    def takes(self, link: Link, way: Way, data: bytes) -> bool:
        if self.fired or way != self.way:
            return False
        if len(data) < self.left:
            self.left -= len(data)
            return False
        self.fired = True
        link.send(way, data[: self.left])
        link.cut()
        return True


@define(eq=False)
class AtRequest:
    """Does harm at a request: the how-manieth of all, or the next COMMIT."""

    fault: Fault
    #: 0 is the next COMMIT.
    number: int = 0
    fired: bool = False
    #: Lets what is held back reach the server.
    released: threading.Event | None = None
    #: Called when it does the harm.
    then: Callable[[], None] = lambda: None
    _asked: int = 0
    _harmed: Link | None = None
    _lock: threading.Lock = field(factory=threading.Lock)

    def takes(self, link: Link, way: Way, data: bytes) -> bool:
        if way == "back":
            return link is self._harmed and self._answer(link, data)
        with self._lock:
            begins = not link.is_asking
            self._asked += begins
            is_it = self._asked == self.number and begins if self.number else _COMMIT.search(data)
            if self.fired or not is_it:
                return False
            self.fired, self._harmed = True, link
        self.then()
        return self._request(link, data)

    def _request(self, link: Link, data: bytes) -> bool:
        if self.fault == "request":
            link.cut()
            return True
        if self.fault == "lost":
            link.lose()
            if self.released is not None:
                self.released.wait(DEADLINE)
        link.is_stalled = self.fault == "stalled"
        link.send("there", data)
        return True

    def _answer(self, link: Link, data: bytes) -> bool:
        if self.fault == "half":
            link.send("back", data[: len(data) // 2])
        if self.fault in ("half", "answer"):
            link.cut()
        return self.fault in ("half", "answer")
