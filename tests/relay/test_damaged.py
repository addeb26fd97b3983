"""Promise 39: a row that somebody changed by hand."""

import pytest
from sqlalchemy import text

from sourcery import EventStore
from tests.ordering.support import DEADLINE
from tests.relay.support import Broker, letter_facts, publish, relay

pytestmark = pytest.mark.promise(39)


def test_a_damaged_row_is_given_up_and_keeps_nobody_else(store: EventStore) -> None:
    """Its headers are not JSON any more, since somebody changed them by hand."""
    publish(store, [1], key="ada")
    publish(store, [2], key="bob")
    with store.engine.begin() as connection:
        damage = text("update sourcery_outbox set headers = '[1' where \"key\" = 'ada'")
        if store.engine.dialect.name == "postgresql":  # there the column is JSON
            damage = text("update sourcery_outbox set headers = '7' where \"key\" = 'ada'")
        if store.engine.dialect.name in ("mysql", "mariadb"):
            damage = text("update sourcery_outbox set headers = '[1' where `key` = 'ada'")
        connection.execute(damage)
    broker = Broker()
    relay(store, broker).drain(DEADLINE)
    assert ([2], [("payments/ada", "parked", 1)]) == (broker.numbers, letter_facts(store))
