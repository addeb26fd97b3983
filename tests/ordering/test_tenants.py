"""Rules 4 and 11: tenants in schemas of their own neither see nor hold up each other."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from sourcery import EventStore
from sourcery.dialects import floors
from sourcery.testing.conformance.stress.sabotage import statements_with
from sourcery.upgrade import upgrade, within_schema
from tests.databases import Database
from tests.ordering.support import InFlight, append, in_flight, read, stored

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(49)]

Tenants = tuple[EventStore, EventStore]


@pytest.fixture
def engine(empty_database: Database) -> Iterator[Engine]:
    """An engine whose database has two schemas and no table in the default one."""
    engine = create_engine(empty_database.url)
    with engine.begin() as connection:
        connection.execute(text('CREATE SCHEMA "Tenant One"'))
        connection.execute(text("CREATE SCHEMA two"))
    yield engine
    engine.dispose()


@pytest.fixture
def tenants(engine: Engine) -> Tenants:
    """A store for each schema, through one engine and one pool."""
    for schema in ("Tenant One", "two"):
        upgrade(engine, schema=schema)
    one, two = (EventStore(within_schema(engine, schema)) for schema in ("Tenant One", "two"))
    return one, two


def test_rule_11_tenants_do_not_see_each_others_events(tenants: Tenants) -> None:
    """Driver-level SQL knows nothing of schema_translate_map; ours is rendered per schema."""
    one, two = tenants
    append(one, "a", 3)
    append(two, "a", 2)
    assert ([1, 2, 3], [1, 2]) == (read(one), read(two))
    assert ([1, 2, 3], [1, 2]) == (stored(one), stored(two))


def test_rule_11_tenants_have_a_sequence_each(tenants: Tenants, engine: Engine) -> None:
    """The rows are where they belong, too."""
    one, two = tenants
    append(one, "a", 3)
    assert (3, 0) == (one.settled(), two.settled())
    with engine.connect() as connection:
        for schema, count in {'"Tenant One"': 3, "two": 0}.items():
            query = text(f"SELECT count(*) FROM {schema}.sourcery_events")
            assert count == connection.execute(query).scalar()


def test_rule_4_tenants_do_not_hold_each_other_up(tenants: Tenants) -> None:
    """A transaction in flight in one schema is no floor of the other."""
    one, two = tenants
    with in_flight(one) as flight:
        flight.append()
        append(two)
        assert (0, 1) == (one.settled(), two.settled())
        assert [1] == read(two)


def test_rule_4_one_namespace_would(tenants: Tenants) -> None:
    """The test of the test: without the sequence in the key, tenant two stays at 0."""
    one, two = tenants
    pieces = {
        name: getattr(floors, name).replace("{sequence_oid}", "0")
        for name in ("_FLOOR", "_LOWEST_FLOOR")
    }
    with statements_with(pieces), in_flight(one) as flight:
        flight.append()
        append(two)
        assert (0, 0) == (one.settled(), two.settled())


def test_rule_4_one_transaction_may_write_for_both(tenants: Tenants) -> None:
    """The floor remembered for one tenant's sequence is not taken for the other's."""
    one, two = tenants
    with in_flight(one) as flight:
        flight.append("early")
        flight.connection.execution_options(schema_translate_map={None: "two"})
        InFlight(two, flight.connection, flight.transaction).append("early")
        append(one, "late")
        append(two, "late")
        assert ([], []) == (read(one), read(two))
        flight.commit()
    assert ([1, 2], [1, 2]) == (read(one), read(two))
