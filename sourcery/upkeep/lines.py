"""The lines of an export: a header, an event in each, and what proves that all are there.

    {"sourcery_export": 1, "store_id": ..., "after": 0, "to": 41}
    {"position": 1, "category": ..., ..., "metadata": {...},"data":{...}}
    {"events": 1, "sha256": ...}

A payload stands in its line to the letter, so that no number changes on its way. `,"data":` stands
nowhere before it: the rest is written with a space behind each comma.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from sourcery.dialects import ImportedEvent
from sourcery.errors import ExportDamaged, InvalidName
from sourcery.recorded import Recorded
from sourcery.stream import KIND_LENGTH, Stream, bucket_of, check_name

FORMAT: Final = 1
MARK: Final = "sourcery_export"
#: What a line raises that no export of ours holds.
_DAMAGED: Final = (
    AttributeError,
    InvalidName,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
_DATA: Final = b',"data":'
_NAMES: Final = {
    "position", "category", "stream_id", "version", "event_id", "kind", "schema_version",
    "recorded_at", "metadata",
}  # fmt: skip


def whole(facts: dict[str, Any]) -> bytes:
    """A line that is no event."""
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def written(recorded: Recorded[Any]) -> bytes:
    """The line of an event."""
    envelope = {
        "position": recorded.position,
        "category": recorded.stream.category,
        "stream_id": recorded.stream.id,
        "version": recorded.version,
        "event_id": str(recorded.event_id),
        "kind": recorded.kind,
        "schema_version": recorded.schema_version,
        "recorded_at": recorded.recorded_at.isoformat(),
        "metadata": recorded.metadata.present,
    }
    # between the tokens of JSON a newline is as good as a space, and inside them there is none
    data = recorded.data.encode().replace(b"\n", b" ").replace(b"\r", b" ")
    return json.dumps(envelope, ensure_ascii=False).encode()[:-1] + _DATA + data + b"}\n"


def read(lines: Iterable[bytes]) -> Iterator[ImportedEvent]:
    """The events, in order. Raises `ExportDamaged` at the first line that is not as written.

    That all are there is known at the end: until then the checksum may still be wrong.
    """
    digest = hashlib.sha256()
    count, number, is_over = 0, 0, False
    for number, line in enumerate(lines, 1):
        if is_over:
            raise ExportDamaged(number, "comes after the end")
        if number == 1:
            _check_header(line)
        elif _DATA in line:
            count += 1
            yield _event(number, line)
        else:
            _check_end(number, line, count, digest.hexdigest())
            is_over = True
        digest.update(line)
    if not is_over:
        raise ExportDamaged(number + 1, "is missing: the file was cut off")


def _check_header(line: bytes) -> None:
    facts = _parsed(1, line)
    if facts.get(MARK) != FORMAT:
        raise ExportDamaged(1, f"says nothing of an export of format {FORMAT}")


def _check_end(number: int, line: bytes, count: int, digest: str) -> None:
    facts = _parsed(number, line)
    if (facts.get("events"), facts.get("sha256")) != (count, digest):
        raise ExportDamaged(number, "does not fit what stands before it: something was changed")


def _parsed(number: int, line: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        raise ExportDamaged(number, "is not valid JSON") from None
    if not isinstance(facts, dict):
        raise ExportDamaged(number, "is not a JSON object")
    return cast("dict[str, Any]", facts)


def _event(number: int, line: bytes) -> ImportedEvent:
    head, _, rest = line.partition(_DATA)
    if not rest.endswith(b"}\n"):
        raise ExportDamaged(number, "is cut off")
    facts = _parsed(number, head + b"}")
    if set(facts) != _NAMES:
        raise ExportDamaged(number, "has not the fields of an event")
    try:
        return _row(facts, _data(rest[:-2]))
    except _DAMAGED as error:
        problem = str(error) if isinstance(error, InvalidName) else "holds no event"
        raise ExportDamaged(number, problem) from None


def _data(raw: bytes) -> str:
    json.loads(raw, parse_constant=_refuse)
    return raw.decode()


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _row(facts: dict[str, Any], data: str) -> ImportedEvent:
    stream = Stream(facts["category"], facts["stream_id"])
    moment = datetime.fromisoformat(facts["recorded_at"])
    moment.astimezone(UTC)  # or there is no such date
    metadata: dict[str, str] = facts["metadata"]
    numbers = facts["version"], facts["schema_version"]
    if any(type(n) is not int or n < 1 for n in numbers) or moment.utcoffset() is None:
        raise ValueError(facts)
    if any(type(text) is not str for text in metadata.values()):
        raise ValueError(facts)
    return ImportedEvent(
        category=stream.category,
        stream_id=stream.id,
        version=facts["version"],
        event_id=UUID(facts["event_id"]),
        kind=check_name("event kind", facts["kind"], KIND_LENGTH),
        schema_version=facts["schema_version"],
        bucket=bucket_of(stream.key),
        data=data,
        metadata=json.dumps(metadata, ensure_ascii=False, separators=(",", ":")),
        recorded_at=moment,
    )
