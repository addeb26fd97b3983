"""Keys side by side: the messages of one key one after another, several keys at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

from sourcery.messages import Message, Outcome, Result
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.turns import HELD, LATE, Key, Turns, key_of

_UNANSWERED: Final = Result(Outcome.FAILED, "no answer in time")

Send = Callable[[Message], None]
Lane = list[int]


class Lanes:
    """So many threads, begun at the first use."""

    def __init__(self, threads: int) -> None:
        self._number = threads
        self._threads: ThreadPoolExecutor | None = None

    def run(self, batch: Sequence[Message], send: Send, deadline: Deadline) -> list[Result]:
        """Send all, and return at the deadline, whatever the threads still wait for."""
        found: dict[int, Result] = {}
        turns = Turns(deadline)

        def go(lane: Lane) -> None:
            for number in lane:
                found[number] = turns.take(batch[number], send)

        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._number, thread_name_prefix="publisher")
        lanes = {self._threads.submit(go, lane): lane for lane in _lanes(batch)}
        unfinished: dict[int, Result] = {}
        for future in wait(lanes, deadline.left).not_done:
            unfinished |= _unfinished(lanes[future], begun=not future.cancel())
        known = unfinished | found
        return [known[number] for number in range(len(batch))]

    def close(self) -> None:
        """Let the threads end; the next `run` begins others."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


def _lanes(batch: Sequence[Message]) -> list[Lane]:
    lanes: dict[Key, Lane] = {}
    for number, message in enumerate(batch):
        lanes.setdefault(key_of(message), []).append(number)
    return list(lanes.values())


def _unfinished(lane: Lane, *, begun: bool) -> dict[int, Result]:
    """What holds of a lane's messages that have no result."""
    if not begun:
        return dict.fromkeys(lane, LATE)
    return dict.fromkeys(lane, HELD) | {lane[0]: _UNANSWERED}
