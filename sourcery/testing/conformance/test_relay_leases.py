"""Who may send: rule 33 and promise 41."""

from datetime import UTC, datetime
from threading import Event

import pytest
from sqlalchemy import update

from sourcery import EventStore, Relay
from sourcery.errors import InvalidArgument
from sourcery.messages import SENT, Message, Outcome, Result
from sourcery.relay.desk import Desk
from sourcery.schema import consumers
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.relay_sabotage import SABOTAGES
from sourcery.testing.conformance.relays import (
    NAME,
    Broker,
    number_of,
    policy,
    publish,
    relay,
    row_of,
    statuses,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until
from sourcery.worker.shard import Shard

pytestmark: object = pytest.mark.promise(41)

#: A lease that nobody renews while a publisher hangs, since the loop does not turn.
FORGETFUL = {"lease": 0.8, "page_timeout": 0.01}


@pytest.mark.parametrize("lease", [5.0, 4.9])
def test_a_lease_must_be_longer_than_the_publishers_timeout(
    store: EventStore, lease: float
) -> None:
    """Refused where it is said."""
    with pytest.raises(InvalidArgument, match="longer than the publisher's timeout"):
        Relay(store, Broker(timeout=5.0), lease=lease)


def succeed_while_it_hangs(store: EventStore, background: Background) -> list[int]:
    """Numbers in the order in which they left: a relay hangs in its first message, another goes on.

    The second of the key is skipped by the successor, whose broker refuses it.
    """
    left: list[int] = []
    hanging, go_on = Event(), Event()

    def hang(message: Message) -> Result:
        left.append(number_of(message))
        if number_of(message) == 1:
            hanging.set()
            go_on.wait(DEADLINE)
        return SENT

    def refuse(message: Message) -> Result:
        if number_of(message) == 2:
            return Result(Outcome.REFUSED, "never")
        left.append(number_of(message))
        return SENT

    publish(store, [1, 2, 3])
    options = {"on_error": policy("skip"), **FORGETFUL}
    frozen = relay(store, Broker(hang, timeout=0.2), **options)
    successor = relay(store, Broker(refuse, timeout=0.2), **options)
    first = background(frozen.run)
    hanging.wait(DEADLINE)
    second = background(successor.run)
    wait_until(lambda: statuses(store) == ["skipped"] and 3 in left)
    go_on.set()
    wait_until(lambda: left.count(3) > 1 or is_over(frozen))
    frozen.stop()
    successor.stop()
    first.result(DEADLINE)
    second.result(DEADLINE)
    return list(dict.fromkeys(left))


def is_over(relay: Relay) -> bool:
    """Whether it has found out that the shard is not its own."""
    crew = relay._worker.rounds
    return crew is not None and not crew.rounds["payments"].claims.owned


@pytest.mark.promise(49)
def test_rule_33_nothing_is_sent_without_a_lease(store: EventStore, background: Background) -> None:
    """What it had in hand is repeated at most; what its successor skipped stays unsent."""
    assert [1, 3] == succeed_while_it_hangs(store, background)


@pytest.mark.promise(49)
def test_rule_33_without_the_check_a_first_delivery_is_late(
    store: EventStore, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: the message that was passed over leaves after a later one."""
    with monkeypatch.context() as patched:
        patched.setattr(Desk, "may_send", Desk.may_send)
        SABOTAGES["lease check"]()
        assert [1, 3, 2] == succeed_while_it_hangs(store, background)


def test_a_shard_has_one_relay(store: EventStore, background: Background) -> None:
    """The other one stands by, and takes over when the first stops."""
    first, second = Broker(), Broker()
    one, other = relay(store, first), relay(store, second)
    running = background(one.run)
    publish(store, [1])
    wait_until(lambda: [1] == first.numbers)
    standing_by = background(other.run)
    wait_until(lambda: row_of(store).wanted_by is not None)
    publish(store, [2])
    wait_until(lambda: 2 in first.numbers)
    assert [] == second.numbers
    one.stop()
    running.result(DEADLINE)
    publish(store, [3])
    wait_until(lambda: [3] == second.numbers)
    other.stop()
    standing_by.result(DEADLINE)
    assert [1, 2] == first.numbers


def test_shards_are_shared_by_relays(store: EventStore, background: Background) -> None:
    """Each has its fair share."""
    relays = [relay(store, Broker(), shards=4) for _ in range(2)]
    running = [background(one.run) for one in relays]

    def owners() -> list[str | None]:
        return sorted(str(row_of(store, NAME, shard).owner) for shard in range(4))

    wait_until(lambda: has_two(store, owners))
    for one, future in zip(relays, running, strict=True):
        one.stop()
        future.result(DEADLINE)


def has_two(store: EventStore, owners: "object") -> bool:
    """Whether two workers have two shards each."""
    try:
        names = owners()  # type: ignore[operator]
    except IndexError:  # not registered yet
        return False
    return [2, 2] == [names.count(name) for name in sorted(set(names))] and "None" not in names


def test_waiting_for_a_renewal_costs_no_attempts(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the attempt is stored first, after a lease that ran out in other hands."""
    broker, sender_of = Broker(), Desk.may_send
    relay(store, broker).run_once()
    publish(store, [1])
    with store.engine.begin() as connection:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        connection.execute(update(consumers).values(owner="dead", lease_until=long_ago))
    left = list(range(20))

    def may_send(self: Desk, shard: Shard) -> bool:
        return sender_of(self, shard) if not left else bool(left.pop() < 0)

    monkeypatch.setattr(Desk, "may_send", may_send)
    options = {"interval": 0.001, "longest_interval": 0.002}
    relay(store, broker, on_error=policy(retries=3), **options).drain(DEADLINE)
    assert ([1], [], []) == (broker.numbers, statuses(store), left)
