"""An event with a field of every supported type, and how to make any number of them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Literal, NewType
from uuid import UUID

from attrs import frozen
from hypothesis import strategies as st

from sourcery import event

Sku = NewType("Sku", str)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rate(Enum):
    FULL = Decimal("0.20")
    REDUCED = Decimal("0.05")


@frozen
class Line:
    sku: Sku
    price: Decimal


@frozen
class Card:
    number: str


@frozen
class Cash:
    given: Decimal
    currency: str = "EUR"


@event("tests.everything")
@frozen
class Everything:
    text: str
    whole: int
    real: float
    flag: bool
    moment: datetime
    day: date
    clock: time
    span: timedelta
    id: UUID
    amount: Decimal
    raw: bytes
    colour: Colour
    level: Level
    rate: Rate
    lines: list[Line]
    pair: tuple[int, str]
    many: tuple[int, ...]
    words: frozenset[str]
    amounts: set[Decimal]
    maybe: Line | None
    paid: Card | Cash
    perhaps: Card | Cash | None
    mixed: str | int | None
    choice: Literal["a", "b"]
    by_name: dict[str, Decimal]
    by_id: dict[UUID, int]
    by_colour: dict[Colour, int]
    by_rate: dict[Rate, str]
    by_day: dict[date, str]
    by_number: dict[int, str]
    free: dict[str, Any]


#: What JSON can hold in any place: no lone surrogates, 64 bits, finite numbers.
texts: Any = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
wholes: Any = st.integers(-(2**63), 2**63 - 1)
reals: Any = st.floats(allow_nan=False, allow_infinity=False)
decimals: Any = st.decimals(allow_nan=False, allow_infinity=False)
zones: Any = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))]
)
moments: Any = st.datetimes(timezones=zones)
free: Any = st.recursive(
    st.none() | st.booleans() | wholes | reals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

lines: Any = st.builds(Line, texts.map(Sku), decimals)
payments: Any = st.builds(Card, texts) | st.builds(Cash, decimals, texts)

everything: Any = st.builds(
    Everything,
    text=texts,
    whole=wholes,
    real=reals,
    flag=st.booleans(),
    moment=moments,
    day=st.dates(),
    clock=st.times(),
    span=st.timedeltas(),
    id=st.uuids(),
    amount=decimals,
    raw=st.binary(max_size=20),
    colour=st.sampled_from(Colour),
    level=st.sampled_from(Level),
    rate=st.sampled_from(Rate),
    lines=st.lists(lines, max_size=3),
    pair=st.tuples(wholes, texts),
    many=st.lists(wholes, max_size=3).map(tuple),
    words=st.frozensets(texts, max_size=3),
    amounts=st.sets(decimals, max_size=3),
    maybe=st.none() | lines,
    paid=payments,
    perhaps=st.none() | payments,
    mixed=st.none() | texts | wholes,
    choice=st.sampled_from(["a", "b"]),
    by_name=st.dictionaries(texts, decimals, max_size=3),
    by_id=st.dictionaries(st.uuids(), wholes, max_size=3),
    by_colour=st.dictionaries(st.sampled_from(Colour), wholes),
    by_rate=st.dictionaries(st.sampled_from(Rate), texts),
    by_day=st.dictionaries(st.dates(), texts, max_size=3),
    by_number=st.dictionaries(wholes, texts, max_size=3),
    free=st.dictionaries(texts, free, max_size=3),
)
