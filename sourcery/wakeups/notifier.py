"""Tells other processes that something was committed, a few milliseconds' worth at a time."""

from __future__ import annotations

from typing import Final

from sourcery.dialects.notices import Notices
from sourcery.waiting import Latch
from sourcery.wakeups.background import Background, Connect

#: Seconds between two notices: the first goes out at once, those of a burst together.
SPACING: Final = 0.005


class Notifier(Background):
    """Sends a notice for the stores that asked for one, as soon as the last is not too recent."""

    def __init__(self, connect: Connect) -> None:
        super().__init__("sourcery-notifier", connect)
        self._due = Latch()
        #: Sender by channel.
        self._pending: dict[str, str] = {}

    def request(self, channel: str, sender: str) -> None:
        """Send a notice soon. Returns at once and never raises."""
        self._pending[channel] = sender
        self._due.set()
        self.begin()

    def close(self) -> None:
        """Send what is asked for already, then end."""
        super().close()
        self._due.set()

    def _work(self, notices: Notices) -> None:
        while True:
            self._due.wait(None)
            self._due.clear()
            self._send(notices)
            if self._closing.is_set:
                return
            self._closing.wait(SPACING)

    def _send(self, notices: Notices) -> None:
        for channel in list(self._pending):  # what is asked for meanwhile waits for the next turn
            sender = self._pending.pop(channel)
            try:
                notices.send(channel, sender)
            except BaseException:
                self._pending.setdefault(channel, sender)
                self._due.set()
                raise
            self._succeeded()
