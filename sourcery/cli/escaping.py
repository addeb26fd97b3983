"""Text of strangers, made fit for a terminal: ids and errors may hold anything."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum


def visible(text: str) -> str:
    """The text in one line, without what a terminal would obey or hide: that is written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _written_out(c) for c in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()


def said(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, Enum):
        return str(value.value)
    return visible(str(value))


def duration(seconds: float | None) -> str:
    """A time span in its two largest units."""
    if seconds is None:
        return "-"
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
