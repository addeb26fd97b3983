"""A broker that survives its senders: a file, to which messages are appended one by one."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from attrs import define, field

from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from tests.relay.account import Account, Line
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


@define
class Ledger(Account):
    """What has left, in order."""

    path: Path = field(kw_only=True)

    def read(self) -> Self:
        """All complete lines by now."""
        text = self.path.read_bytes() if self.path.exists() else b""
        rows: list[Any] = [json.loads(line) for line in text.splitlines(keepends=True)]
        self.lines = [Line(*row) for row in rows]
        return self

    def check(self, committed: dict[str, list[int]]) -> None:
        """Every committed message left, in order per key, repeats with the same id alone."""
        assert {} == self.faults(committed)
