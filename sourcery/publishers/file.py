"""Messages as lines of JSON in a file, for demonstrations and tests.

Guaranteed: what was reported as sent is on the disk (one `fsync` for each batch), in order, at
least once. A line that a crash tore is cut off at the next batch; its message was not reported as
sent and comes again. Several processes may write one file, except on Windows, where nothing keeps
their batches apart.

A line holds the fields of `Message`. The payload is text under `payload`, or base64 under
`payload_base64` when it is no UTF-8.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import IO, ClassVar, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sourcery.errors import BrokerUnavailable, PublisherMisconfigured
from sourcery.messages import SENT, Message, Publisher, Result
from sourcery.publishers.address import options

#: Bytes read at a time while looking for the end of the last whole line.
_STEP: Final = 65536


class FilePublisher(Publisher):
    """Append to a file. Its folder must exist; the file is made when it is missing."""

    keeps_order: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)

    @classmethod
    def from_url(cls, url: str) -> FilePublisher:
        """`file:///absolute/path`; it has no options."""
        base, _ = options(url, {})
        parts = urlsplit(base)
        if parts.netloc not in {"", "localhost"} or not parts.path.strip("/"):
            raise PublisherMisconfigured("file", "its URL is file:// and an absolute path")
        return cls(url2pathname(parts.path))

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        lines = b"".join(map(_line, batch))
        try:
            self._append(lines)
        except OSError as error:
            raise self._unavailable(error) from error
        return [SENT] * len(batch)

    def probe(self) -> None:
        try:
            self._opened().close()
        except OSError as error:
            raise self._unavailable(error) from error

    def _append(self, lines: bytes) -> None:
        with self._opened() as file:
            _lock(file)  # until it is closed
            end = _end_of_whole_lines(file)
            file.truncate(end)
            _write(file, lines, end)

    def _opened(self) -> IO[bytes]:
        new = not self.path.exists()
        file = self.path.open("a+b", buffering=0)
        if new:
            _keep_name(self.path)
        return file

    def _unavailable(self, error: OSError) -> BrokerUnavailable:
        return BrokerUnavailable(str(self.path), error.strerror or type(error).__name__)


def _line(message: Message) -> bytes:
    fields = {
        "message_id": str(message.message_id),
        "topic": message.topic,
        "key": message.key,
        "headers": dict(message.headers),
        "content_type": message.content_type,
        "position": message.position,
        "created_at": message.created_at.isoformat(),
        "source": message.source,
        **_payload(message.payload),
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _payload(payload: bytes) -> dict[str, str]:
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": b64encode(payload).decode()}


def _write(file: IO[bytes], lines: bytes, end: int) -> None:
    """All of it or nothing: a full disk leaves no half batch behind."""
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise


def _end_of_whole_lines(file: IO[bytes]) -> int:
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _STEP)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _keep_name(path: Path) -> None:
    """A new file's name is in its folder, which has to reach the disk as well."""
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _lock(file: IO[bytes]) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
