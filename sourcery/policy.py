"""When a snapshot is due. The default is never: a snapshot is worth its cost on long histories.

class Account(Aggregate[AccountEvent], category="account", snapshot=every(100)): ...

EventStore(url, snapshot=any_of(every(1000), slower_than(0.5)))  # for classes that say none
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from attrs import field, frozen

from sourcery.errors import InvalidArgument
from sourcery.events import event_classes


@frozen(kw_only=True)
class Facts:
    """What a policy decides by."""

    #: Stored events that came since the last stored snapshot; without one, since the beginning.
    since: int
    #: Seconds it took to load the state.
    seconds: float
    #: Classes of the events that came now.
    classes: frozenset[type[Any]] = frozenset()


class Policy(Protocol):
    """Decides whether a snapshot is due. Asked after the commit; the state is not looked at."""

    def is_due(self, facts: Facts) -> bool:
        """Whether to take one now. Never raises."""
        ...


def _count(instance: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(attribute.alias, "must be a whole number of events from 1")


def _seconds(instance: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InvalidArgument(attribute.alias, "must be seconds, 0 or more")


def _policies(instance: object, attribute: Any, value: Any) -> None:
    for policy in value:
        check_policy(policy, attribute.alias)


@frozen
class _Every:
    events: int = field(validator=_count)

    def is_due(self, facts: Facts) -> bool:
        return facts.since >= self.events


@frozen
class _SlowerThan:
    seconds: float = field(validator=_seconds)

    def is_due(self, facts: Facts) -> bool:
        return facts.since > 0 and facts.seconds > self.seconds


@frozen
class _On:
    classes: frozenset[type[Any]]

    def is_due(self, facts: Facts) -> bool:
        return not self.classes.isdisjoint(facts.classes)


@frozen
class _AnyOf:
    policies: tuple[Policy, ...] = field(validator=_policies)

    def is_due(self, facts: Facts) -> bool:
        return any(policy.is_due(facts) for policy in self.policies)


def always() -> Policy:
    """After every unit of work that found events without a snapshot."""
    return _Every(1)


def every(events: int) -> Policy:
    """When so many events, or more, came since the last stored one; from 1."""
    return _Every(events)


def slower_than(seconds: float) -> Policy:
    """When loading took longer, and there are events since the last stored one."""
    return _SlowerThan(seconds)


def on(events: object) -> Policy:
    """When one of these events came: a class, or a union; `DefinitionError` for what is none."""
    return _On(frozenset(event_classes(events, "on")))


def any_of(*policies: Policy) -> Policy:
    """When one of the policies says so."""
    return _AnyOf(policies)


def never() -> Policy:
    """Only when asked to: `store.snapshot(...)`, `uow.snapshot(...)`. Loads still look for one."""
    return _AnyOf(())


def check_policy(policy: object, argument: str = "snapshot") -> Policy:
    """Give a policy back; `InvalidArgument` for what is none, such as `always` uncalled."""
    if isinstance(policy, type) or not callable(getattr(policy, "is_due", None)):
        problem = f"must be a policy, such as every(100), not {policy!r}"
        raise InvalidArgument(argument, problem)
    return cast(Policy, policy)
