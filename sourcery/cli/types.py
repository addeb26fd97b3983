"""What people type for a place in the log, and for a time span."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

import click

from sourcery.start import NOW, Start

_SPAN: Final = re.compile(r"(\d{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: Digits of the greatest position, but for one.
_DIGITS: Final = 18


def place(text: str) -> Start:
    """A position, a time with a time zone, or `now`."""
    if text == "now":
        return NOW
    if text.isdecimal() and len(text) <= _DIGITS:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problem = "is no position, no time as 2026-11-28T10:00:00+00:00, and not now"
        raise click.BadParameter(f"{text!a} {problem}") from None
    if moment.utcoffset() is None:
        raise click.BadParameter(f"{text!a} has no time zone: write +00:00 behind it")
    return moment


def span(text: str | timedelta) -> timedelta:
    """A number and s, m, h or d."""
    if isinstance(text, timedelta):
        return text
    found = _SPAN.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!a} is no time span as 90s, 30m, 12h or 7d")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise click.BadParameter(f"{text} is too long") from None
