"""Classes that cannot keep snapshots are refused where they are made, not in production."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import pytest
from attrs import define, field, frozen

from sourcery import Aggregate, EventStore, always, every
from sourcery.errors import DefinitionError
from tests.snapshots.domain import TallyEvent


class Opaque:
    """A class that nobody knows how to store."""


@define
class Nested:
    """A record with one of those inside."""

    within: list[Opaque] = field(factory=list)


@frozen
class FrozenRecord:
    """A field that is set by nobody but the class itself."""

    given: int = 0
    made: int = field(default=0, init=False)


@dataclass(frozen=True)
class FrozenDataclass:
    """The same, of the standard library."""

    given: int = 0
    made: int = dataclass_field(default=0, init=False)


def with_field(hint: Any, **options: Any) -> type:
    """An aggregate with one field of this type."""
    options = {"snapshot": every(100), **options}

    @define
    class Tally(Aggregate[TallyEvent], category="tally", **options):
        state: hint = None

        def apply(self, event: TallyEvent) -> None:
            pass

    return Tally


@pytest.mark.parametrize(
    ("hint", "problem"),
    [
        (deque[int], "a deque would lose its maxlen: use a list"),
        (defaultdict[str, int], "a defaultdict would lose its factory"),
        (tuple, "say what is in a tuple"),
        (Sequence[int], "may come back as a tuple: say list or tuple"),
        (Opaque, "Opaque cannot be read back from JSON"),
        (Nested, "Nested: field 'within': Opaque cannot be read back"),
        (dict[str, list[Opaque | None]], "Opaque"),
        (dict[tuple[int, int], str], "keys of a dict"),
        (Callable[[], int], "cannot be read back"),
        (FrozenRecord, "field 'made' is frozen and not taken by __init__"),
        (FrozenDataclass, "field 'made' is frozen and not taken by __init__"),
    ],
)
def test_a_field_that_would_not_come_back_is_refused(hint: Any, problem: str) -> None:
    """The text names the class, the field and what to do."""
    with pytest.raises(DefinitionError, match=re.escape(problem)):
        with_field(hint)


def test_a_field_without_a_type_is_refused() -> None:
    """Nobody knows what is in it."""
    with pytest.raises(DefinitionError, match=r"Tally: field 'state' has no type"):

        @define
        class Tally(Aggregate[TallyEvent], category="tally", snapshot=always()):
            number: int = 0
            state = field(default=None)

            def apply(self, event: TallyEvent) -> None:
                pass


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"snapshot": every}, "must be a policy, such as every(100), not <function every"),
        ({"snapshot": 5}, "must be a policy, such as every(100), not 5"),
        ({"snapshot": "always"}, "must be a policy"),
        ({"snapshot_version": 0}, "snapshot_version must be a whole number from 1, not 0"),
        ({"snapshot_version": True}, "snapshot_version must be a whole number from 1"),
        ({"snapshot_version": "2"}, "snapshot_version must be a whole number from 1"),
    ],
)
def test_a_class_argument_that_cannot_work_is_refused(
    options: dict[str, Any], problem: str
) -> None:
    """At the class statement, as everything else."""
    with pytest.raises(DefinitionError, match=re.escape(problem)):
        with_field(int, **options)


def test_a_class_without_snapshots_may_hold_anything() -> None:
    """It is never stored; a store whose policy would change that refuses it."""
    cls = with_field(Opaque, snapshot=None)
    EventStore("sqlite://", aggregates=[cls]).close()
    with pytest.raises(DefinitionError, match="Opaque cannot be read back"):
        EventStore("sqlite://", aggregates=[cls], snapshot=every(100))


@define
class Forward(Aggregate[TallyEvent], category="forward", snapshot=always()):
    """Its fields name what is defined below."""

    good: "Later | None" = None
    bad: "list[LaterOpaque]" = field(factory=list)

    def apply(self, event: TallyEvent) -> None:
        """Nothing."""


@define
class ForwardOnly(Aggregate[TallyEvent], category="forward-only", snapshot=always()):
    """The same, and all is well with it."""

    good: "Later | None" = None

    def apply(self, event: TallyEvent) -> None:
        """Nothing."""


@frozen
class Later:
    """Can be stored."""

    number: int


class LaterOpaque:
    """Cannot."""


def test_what_is_defined_further_below_is_checked_by_the_store() -> None:
    """When it is declared, before anything runs."""
    EventStore("sqlite://", aggregates=[ForwardOnly]).close()
    with pytest.raises(DefinitionError, match="Forward: field 'bad': LaterOpaque cannot be read"):
        EventStore("sqlite://", aggregates=[Forward])


@define
class Misspelt(Aggregate[TallyEvent], category="misspelt", snapshot=always()):
    """Its field names what is defined nowhere."""

    bad: "Latter | None" = None  # noqa: F821 - that is the point

    def apply(self, event: TallyEvent) -> None:
        """Nothing."""


def test_what_is_defined_nowhere_is_refused_by_the_store() -> None:
    """With the name that is missing."""
    with pytest.raises(DefinitionError, match="Misspelt: the annotation 'Latter'"):
        EventStore("sqlite://", aggregates=[Misspelt])
