"""Whether a state can be copied: who reads one that is kept current holds a copy."""

from __future__ import annotations

import copy
from typing import cast

import attrs
from attrs import AttrsInstance

from sourcery.errors import DefinitionError


def check_copies(empty: object) -> None:
    """Refuse a field whose first value cannot be copied, such as a lock or an open file."""
    try:
        copy.deepcopy(empty)
    except Exception as error:
        cls = type(empty)
        names = [a.name for a in attrs.fields(cast(type[AttrsInstance], cls))]
        named = ", ".join(repr(name) for name in names if not _copies(empty, name))
        problem = f"cannot be copied, so it cannot be kept current (fields: {named or 'none'})"
        raise DefinitionError(cls.__qualname__, problem) from error


def _copies(empty: object, name: str) -> bool:
    try:
        copy.deepcopy(getattr(empty, name))
    except Exception:  # noqa: BLE001 - it is said which field, and why by the whole
        return False
    return True
