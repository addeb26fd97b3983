"""The difference between what a test expected and what happened, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import cast

import attrs

#: Width of the first column: the longest of its words and two blanks.
_WIDTH = 13


def between_events(expected: Sequence[object], actual: Sequence[object]) -> list[str]:
    """One entry for each event as expected, different, missing or unexpected; none if equal.

    The longest runs of equal events stay together, so that one missing event does not make
    all later ones look wrong.
    """
    if list(expected) == list(actual):
        return []
    lines: list[str] = []
    for same, left, right in _aligned(expected, actual):
        if same:
            lines += [_entry("as expected", repr(event)) for event in right]
        else:
            lines += _changes(list(left), list(right))
    return lines if actual else [*lines, "nothing was recorded"]


def between_values(name: str, expected: object, actual: object) -> list[str]:
    """Two lines for each field that differs, named by its path; none if equal."""
    return [
        line
        for path, wanted, found in _fields(name, expected, actual)
        for line in (_entry("differs", path), *_beside(wanted, found))
    ]


def _aligned(
    expected: Sequence[object], actual: Sequence[object]
) -> Iterator[tuple[bool, Sequence[object], Sequence[object]]]:
    # Events need not be hashable, which difflib asks for: the first equal one stands for each.
    known: list[object] = []
    left, right = ([_number(known, event) for event in side] for side in (expected, actual))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        yield tag == "equal", expected[i:j], actual[k:m]


def _number(known: list[object], event: object) -> int:
    if event not in known:
        known.append(event)
    return known.index(event)


def _changes(expected: list[object], actual: list[object]) -> list[str]:
    """Pair events of one class in order; what has no partner is missing or unexpected."""
    lines: list[str] = []
    for event in expected:
        partner = _take_partner(event, actual)
        lines += partner if partner is not None else [_entry("missing", repr(event))]
    return lines + [_entry("unexpected", repr(event)) for event in actual]


def _take_partner(event: object, actual: list[object]) -> list[str] | None:
    for n, other in enumerate(actual):
        if type(other) is type(event):
            del actual[n]
            return between_values(type(event).__qualname__, event, other)
    return None


def _fields(path: str, expected: object, actual: object) -> Iterable[tuple[str, object, object]]:
    """Paths of attrs fields, nested ones too, whose values are not equal."""
    if expected == actual:
        return
    inner = [
        found
        for name in _compared(expected, actual)
        for found in _fields(f"{path}.{name}", getattr(expected, name), getattr(actual, name))
    ]
    yield from inner or [(path, expected, actual)]


def _compared(expected: object, actual: object) -> list[str]:
    if type(expected) is not type(actual) or not attrs.has(type(expected)):
        return []
    attributes = attrs.fields(cast("type[attrs.AttrsInstance]", type(expected)))
    return [attribute.name for attribute in attributes if attribute.eq]


def _beside(expected: object, actual: object) -> list[str]:
    wanted, found = repr(expected), repr(actual)
    if wanted == found:
        wanted, found = f"{wanted} {type(expected)}", f"{found} {type(actual)}"
    return [_entry("", f"expected {wanted}"), _entry("", f"actual   {found}")]


def _entry(word: str, text: str) -> str:
    return f"{word:<{_WIDTH}}{text}"
