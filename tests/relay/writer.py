"""A program that publishes under load, and rolls some of it back."""

import threading
from contextlib import suppress
from random import Random
from typing import Final, Self

from sourcery import EventStore, UnitOfWork
from tests.relay.support import TOPIC

KEYS: Final = 7
#: Share of transactions that roll back.
ROLLBACKS: Final = 0.1
#: Seconds between two transactions.
PAUSE: Final = 0.01


class _RolledBack(Exception):
    """Undoes a transaction."""


class Writer:
    """Publishes without end; what it committed, by key, and what it rolled back."""

    def __init__(self, store: EventStore, topic: str = TOPIC) -> None:
        self._store = store
        self._topic = topic
        self._random = Random(11)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.committed: dict[str, list[int]] = {}
        self.rolled_back: set[int] = set()

    @property
    def count(self) -> int:
        """How many were committed."""
        return sum(len(numbers) for numbers in self.committed.values())

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE):
            number = self._publish(number)

    def _publish(self, number: int) -> int:
        written: list[tuple[str, int]] = []
        with suppress(_RolledBack):
            with UnitOfWork(self._store) as uow:
                for _ in range(self._random.randint(1, 6)):
                    number += 1
                    key = f"k{self._random.randrange(KEYS)}"
                    uow.publish(self._topic, key=key, payload={"n": number})
                    written.append((key, number))
                self._perhaps_undo(written)
            for key, one in written:
                self.committed.setdefault(key, []).append(one)
        return number

    def _perhaps_undo(self, written: list[tuple[str, int]]) -> None:
        if self._random.random() < ROLLBACKS:
            self.rolled_back.update(number for _, number in written)
            raise _RolledBack

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
