"""What is stored of an error, and the letters made of what was given up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, cast

from attrs import frozen

from sourcery.consumers import Letter, LetterStatus
from sourcery.recorded import StoredRow
from sourcery.worker.quoting import quotes, reason
from sourcery.worker.source import POSITION, Source

#: Characters of an error that are stored.
_LENGTH: Final = 1000
_CLASS_LENGTH: Final = 200


@frozen
class Failure:
    """An error in words that can be stored."""

    error_class: str
    text: str

    def __str__(self) -> str:
        return f"{self.error_class}: {self.text}" if self.text else self.error_class


def described(error: BaseException) -> Failure:
    """Class and text; of a database's error which one it is, since its text quotes values."""
    return Failure(_safe(type(error).__qualname__)[:_CLASS_LENGTH], storable(_text(error)))


def storable(text: str) -> str:
    """An error's text as every database stores it, and not too long."""
    return _safe(text)[:_LENGTH]


def shown(error: BaseException) -> BaseException | None:
    """The error as a log may have it, with its traceback; None when that would quote values."""
    return None if any(map(quotes, _chain(error))) else error


def _text(error: BaseException) -> str:
    try:
        return reason(error) if quotes(error) else str(error)
    except Exception:  # noqa: BLE001 - an error of the user's that cannot even be printed
        return ""


def _safe(text: str) -> str:
    """As every database stores it."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that a traceback of it would print."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += [other for other in (one.__cause__, one.__context__) if other is not None]
        if isinstance(one, BaseExceptionGroup):
            left += cast(tuple[BaseException, ...], one.exceptions)


def letter_for(
    consumer: str,
    source: Source,
    row: StoredRow,
    status: LetterStatus,
    now: datetime,
    *,
    attempts: int = 0,
    failure: Failure | None = None,
    next_attempt_at: datetime | None = None,
) -> Letter:
    """A letter about a row of a log."""
    return Letter(
        consumer=consumer,
        position=row[POSITION],
        key=source.key_of(row),
        bucket=source.bucket_of(row),
        source_id=source.id_of(row),
        status=status,
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        error_class=failure.error_class if failure else None,
        error=failure.text if failure else None,
        first_at=now,
        last_at=now,
    )
