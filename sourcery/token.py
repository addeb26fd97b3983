"""Consistency tokens: a name for exactly one commit, small enough for a header or a cookie."""

from __future__ import annotations

import json
from typing import Any, Final, cast
from uuid import UUID

from attrs import asdict, fields, frozen

from sourcery.errors import InvalidArgument
from sourcery.stream import BUCKETS

#: Above every position a database can hold.
END: Final = 2**63


@frozen(kw_only=True)
class Token:
    """Names what one unit of work wrote, or, when it wrote nothing, all that was settled then.

    A joined unit's token is valid only if the owner of the transaction commits.
    """

    #: Id of the store; a token of another store is refused.
    store_id: str
    #: Restores and repairs of the store so far.
    generation: int
    #: Position of the first row written; 0 when nothing was.
    first: int
    #: Position of the last row written, or the settled position when nothing was.
    last: int
    #: Buckets of the keys written, in order.
    buckets: tuple[int, ...] = ()
    #: Id of the first event written.
    event_id: str | None = None

    def to_json(self) -> str:
        """Compact JSON text; `from_json` gives an equal token back."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Token:
        """Read `to_json`'s text, which may have come from anybody.

        Raises `InvalidArgument` for anything else.
        """
        try:
            return cls._from_dict(json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidArgument("token", f"is not a token's JSON ({error})") from None

    @classmethod
    def _from_dict(cls, data: object) -> Token:
        data = _object(data)
        event_id = data["event_id"]
        return cls(
            store_id=_text(data["store_id"]),
            generation=_number(data["generation"], END),
            first=_number(data["first"], END),
            last=_number(data["last"], END),
            buckets=tuple([_number(bucket, BUCKETS) for bucket in data["buckets"]]),
            event_id=None if event_id is None else str(UUID(_text(event_id))),
        )


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("it is no object")
    names = [attribute.name for attribute in fields(Token)]
    if missing := [name for name in names if name not in value]:
        raise TypeError(f"without {', '.join(missing)}")
    return cast(dict[str, Any], value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("an id is not a string")
    return value


def _number(value: object, end: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise TypeError(f"a number is not between 0 and {end - 1}")
    return value
