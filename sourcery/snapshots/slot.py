"""What a class says of its snapshots: whose they are, their tag, when one is due."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from sourcery.aggregate import Aggregate, aggregate_type
from sourcery.codec import fingerprint, names_nothing
from sourcery.events import event_type
from sourcery.policy import Policy
from sourcery.projection import Projection, is_projection, projection_type
from sourcery.snapshots.contract import Key


@frozen(eq=False)
class Slot:
    """The snapshots of one class."""

    cls: type[Any]
    owner_kind: str
    schema_tag: str
    policy: Policy

    def key(self, id: str) -> Key:
        """The key of one stream, or of one instance."""
        return Key(self.owner_kind, id, self.schema_tag)


def owner_kind_of(cls: type[Any]) -> str:
    """Whose snapshots those of a class are."""
    if is_projection(cls):
        return f"projection:{projection_type(cls).name}"
    return f"aggregate:{aggregate_type(cls).category}"


def slot_of(cls: type[Any], policy: Policy | None) -> Slot | None:
    """How snapshots of a class are kept; None when neither it nor its store has a policy.

    The kinds it is folded from are part of the tag: a state without the events of a kind is
    not one with them.
    """
    if is_projection(cls):
        return _of_projection(cls, policy)
    return _of_aggregate(cls, policy)


def _of_aggregate(cls: type[Aggregate[Any]], policy: Policy | None) -> Slot | None:
    declared = aggregate_type(cls)
    due = declared.snapshots.policy or policy
    if due is None:
        return None
    tag = _tag(cls, declared.snapshots.version, declared.classes)
    return Slot(cls, owner_kind_of(cls), tag, due)


def _of_projection(cls: type[Projection[Any]], policy: Policy | None) -> Slot | None:
    declared = projection_type(cls)
    due = declared.snapshots.policy or policy
    if due is None:
        return None
    narrowed = (f"per stream {declared.per_stream}", *sorted(declared.categories))
    tag = _tag(cls, declared.snapshots.version, declared.classes, *narrowed)
    return Slot(cls, owner_kind_of(cls), tag, due)


def _tag(cls: type[Any], version: int, classes: tuple[type[Any], ...], *more: str) -> str:
    types = [event_type(event) for event in classes]
    kinds = sorted(f"{written.kind} {written.version}" for written in types)
    try:
        return f"{version}-{fingerprint(cls, *kinds, *more)}"
    except NameError as error:
        raise names_nothing(cls, error) from None
