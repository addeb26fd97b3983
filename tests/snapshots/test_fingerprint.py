"""What changes the tag of a class's snapshots, and what does not."""

import dataclasses
import subprocess
import sys
from enum import Enum
from typing import Annotated, Any, NewType, Optional, TypedDict, Union

import attrs
import pytest

from sourcery import always
from sourcery.codec import fingerprint
from tests.snapshots.domain import tally

pytestmark = pytest.mark.promise(33)

Amount = NewType("Amount", int)


def made(name: str = "State", *, default: Any = None, **fields: Any) -> type[Any]:
    """An attrs class with these fields."""
    return attrs.make_class(
        name, {n: attrs.field(type=t, default=default) for n, t in fields.items()}
    )


def data(**fields: Any) -> type[Any]:
    """A dataclass."""
    return dataclasses.make_dataclass("Data", [*fields.items()])


def typed(**fields: Any) -> Any:
    """A TypedDict."""
    return TypedDict("Typed", fields)  # type: ignore[operator]


def enumeration(**members: Any) -> Any:
    """An enumeration."""
    return Enum("Colour", members)


SAME = {
    "optional": (made(a=Optional[int]), made(a=int | None)),  # noqa: UP045 - both are written
    "order-of-a-union": (made(a=Union[str, int]), made(a=int | str)),  # noqa: UP007 - both are
    "new-type": (made(a=Amount), made(a=int)),
    "annotated": (made(a=Annotated[int, "cents"]), made(a=int)),
    "default": (made(a=int), made(a=int, default=5)),
    "as-text": (made(a="int"), made(a=int)),
}

DIFFERENT = {
    "renamed": (made(a=int), made(b=int)),
    "more": (made(a=int), made(a=int, b=int)),
    "type": (made(a=int), made(a=str)),
    "none": (made(a=int), made(a=int | None)),
    "item": (made(a=list[int]), made(a=list[str])),
    "key": (made(a=dict[int, int]), made(a=dict[str, int])),
    "length": (made(a=tuple[int, int]), made(a=tuple[int, ...])),
    "nested-field": (made(a=made("N", x=int)), made(a=made("N", y=int))),
    "nested-in-a-list": (made(a=list[made("N", x=int)]), made(a=list[made("N", x=str)])),
    "nested-in-a-key": (made(a=dict[str, made("N", x=int)]), made(a=dict[str, made("N", y=int)])),
    "nested-deep": (made(a=made("N", b=made("M", x=int))), made(a=made("N", b=made("M", y=int)))),
    "nested-in-a-union": (made(a=made("N", x=int) | None), made(a=made("N", y=int) | None)),
    "dataclass": (made(a=data(x=int)), made(a=data(y=int))),
    "typed-dict": (made(a=typed(x=int)), made(a=typed(y=int))),
    "enum-value": (made(a=enumeration(RED=1)), made(a=enumeration(RED=2))),
    "enum-member": (made(a=enumeration(RED=1)), made(a=enumeration(BLUE=1))),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_what_stores_the_same_has_the_same(one: type[Any], other: type[Any]) -> None:
    """A snapshot is not lost for the way a type is written."""
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_stores_another_thing_has_another(one: type[Any], other: type[Any]) -> None:
    """However deep the change is."""
    assert fingerprint(one) != fingerprint(other)


def test_another_process_finds_the_same() -> None:
    """Nothing of it depends on the seed of `hash`, or on the order of imports."""
    program = (
        "from tests.snapshots.domain import tally; from sourcery.codec import fingerprint;"
        "from sourcery import always; print(fingerprint(tally(always())))"
    )
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed}
        found = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
        assert fingerprint(tally(always())) == found.strip()
