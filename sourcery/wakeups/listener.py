"""Hears what other processes commit, for all who wait in this one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import define

from sourcery.dialects.notices import Interrupt, Notices
from sourcery.waiting import Signal
from sourcery.wakeups.background import Background, Connect
from sourcery.wakeups.sender import this_process

#: Seconds to go on listening when nobody waits any more: the next one often comes soon.
LINGER: Final = 10.0


@define(eq=False)
class _Channel:
    signal: Signal
    holders: int = 0
    #: When it is given up, by the monotonic clock.
    until: float = math.inf


class Listener(Background):
    """Listens to the channels that somebody waits for, and sends their signals."""

    def __init__(self, connect: Connect, linger: float | None = None) -> None:
        super().__init__("sourcery-listener", connect)
        self._linger = LINGER if linger is None else linger
        self._channels: dict[str, _Channel] = {}
        self._interrupt: Interrupt | None = None

    def hold(self, name: str, signal: Signal) -> Callable[[], None]:
        """Listen to a channel until what is given back is called, once. Never waits or raises."""
        with self._lock:
            channel = self._channels.setdefault(name, _Channel(signal))
            channel.holders += 1
            channel.until = math.inf
        self.begin()
        self._poke()
        return partial(self._release, name)

    def _release(self, name: str) -> None:
        with self._lock:
            channel = self._channels[name]
            channel.holders -= 1
            if channel.holders == 0:
                channel.until = time.monotonic() + self._linger

    def close(self) -> None:
        """End, whoever still waits."""
        super().close()
        self._poke()

    def _poke(self) -> None:
        interrupt = self._interrupt
        if interrupt is not None:
            interrupt.set()

    def _work(self, notices: Notices) -> None:
        with Interrupt() as interrupt:
            self._interrupt = interrupt
            listening: frozenset[str] = frozenset()
            while not self._closing.is_set:
                listening = self._follow(notices, listening)
                if not listening and self._retire():
                    return
                self._hear(notices, interrupt)

    def _follow(self, notices: Notices, listening: frozenset[str]) -> frozenset[str]:
        """Listen to what is wanted now; its waiters look once more, for what came before."""
        wanted = self._wanted()
        for name in wanted.keys() - listening:
            notices.listen(name)
            self._succeeded()
            wanted[name].send()
        for name in listening - wanted.keys():
            notices.unlisten(name)
        return frozenset(wanted)

    def _wanted(self) -> dict[str, Signal]:
        now = time.monotonic()
        with self._lock:
            for name in [name for name, channel in self._channels.items() if channel.until <= now]:
                del self._channels[name]
            return {name: channel.signal for name, channel in self._channels.items()}

    def _retire(self) -> bool:
        """Whether nobody came in the meantime; whoever comes later begins anew."""
        with self._lock:
            if self._channels:
                return False
            self._thread = None
            return True

    def _hear(self, notices: Notices, interrupt: Interrupt) -> None:
        """Sleep; what this very process sent has woken its waiters before."""
        received = notices.wait(interrupt, self._linger)
        for name in {each.channel for each in received if each.sender != this_process()}:
            channel = self._channels.get(name)
            if channel is not None:
                channel.signal.send()
