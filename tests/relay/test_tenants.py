"""Rule 11: relays of tenants in schemas of their own send, ask and delete each their own."""

from datetime import timedelta

import pytest

from sourcery import Relay, outbox_depth, outbox_message, outbox_messages, purge_outbox
from tests.ordering.support import DEADLINE
from tests.ordering.test_tenants import Tenants, engine, tenants
from tests.relay.support import Broker, publish

__all__ = ["engine", "tenants"]

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(49)]


def test_rule_11_relays_of_tenants_keep_apart(tenants: Tenants) -> None:
    """One engine and one pool, and no table in the default schema."""
    one, two = tenants
    publish(one, [1, 2], topic="a")
    publish(two, [3], topic="b")
    broker = Broker()
    Relay(one, broker).drain(DEADLINE)
    assert [1, 2] == broker.numbers
    assert (["relay:a"], [None]) == tuple([d.relay for d in outbox_depth(s)] for s in tenants)
    [message] = outbox_messages(two)
    assert (message, None) == tuple(outbox_message(s, message.message_id) for s in (two, one))
    assert {"a": 2} == purge_outbox(one, older_than=timedelta(0)).deleted
    assert 1 == len(outbox_messages(two))


def test_rule_11_a_purge_leaves_other_tenants_alone(tenants: Tenants) -> None:
    """Topic and positions are the same in both."""
    one, two = tenants
    for store in tenants:
        publish(store, [1, 2])
    Relay(one, Broker()).drain(DEADLINE)
    purge_outbox(one, older_than=timedelta(0))
    assert [0, 2] == [len(outbox_messages(store)) for store in (one, two)]
