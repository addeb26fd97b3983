"""A broker that survives its senders: a file, to which messages are appended one by one."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from tests.relay.support import number_of


class FilePublisher(Publisher):
    """Each message is a line; it is acknowledged when it is on the disk."""

    def __init__(self, path: str, timeout: float, bad: Sequence[int] = ()) -> None:
        self.timeout = timeout
        self._bad = set(bad)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """One write each, so that an end in between leaves some of them."""
        results = [self._send(message) for message in batch]
        os.fsync(self._file)
        return results

    def _send(self, message: Message) -> Result:
        if number_of(message) in self._bad:
            return Result(Outcome.FAILED, "bad")
        line = [message.topic, message.key, number_of(message), str(message.message_id)]
        os.write(self._file, json.dumps(line).encode() + b"\n")
        return SENT


@frozen
class Line:
    """A message that has left."""

    topic: str
    key: str
    number: int
    message_id: str


@define
class Ledger:
    """What has left, in order."""

    path: Path
    lines: list[Line] = field(factory=list)

    def read(self) -> "Ledger":
        """All complete lines by now."""
        text = self.path.read_bytes() if self.path.exists() else b""
        rows: list[Any] = [json.loads(line) for line in text.splitlines(keepends=True)]
        self.lines = [Line(*row) for row in rows]
        return self

    @property
    def firsts(self) -> dict[str, list[int]]:
        """Numbers by key, in the order in which each was there first."""
        firsts: dict[str, dict[int, None]] = {}
        for line in self.lines:
            firsts.setdefault(line.key, {})[line.number] = None
        return {key: list(numbers) for key, numbers in firsts.items()}

    @property
    def repeats(self) -> int:
        """Lines that were there before."""
        return len(self.lines) - len({line.message_id for line in self.lines})

    @property
    def ids_per_number(self) -> set[int]:
        """How many ids each message has had."""
        ids = {(line.key, line.number, line.message_id) for line in self.lines}
        return set(Counter((key, number) for key, number, _ in ids).values())

    def check(self, committed: dict[str, list[int]]) -> None:
        """Every committed message left, in order per key, repeats with the same id alone."""
        assert committed == self.firsts
        assert {1} == self.ids_per_number
