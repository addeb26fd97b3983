"""What an import asks the database for: a few statements for a batch, however large it is."""

import pytest

from sourcery import EventStore, import_events
from tests.guards.test_statements import kinds
from tests.guards.wire import watching
from tests.importing.support import history


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("events", [2, 300])
def test_a_batch_is_five_statements_on_postgresql(store: EventStore, events: int) -> None:
    """BEGIN, the heads of all streams, the positions under their floor, COPY, COMMIT."""
    store.settled()  # what the first use asks is not meant
    with watching(store.engine) as wire:
        import_events(store, history(events))
    assert ["begin", "select", "with", "copy", "commit"] == kinds(wire.statements)


@pytest.mark.databases("mariadb")
def test_mariadb_inserts_all_events_of_a_batch_at_once(store: EventStore) -> None:
    """Its driver writes the rows into one statement."""
    store.settled()
    with watching(store.engine) as wire:
        import_events(store, history(100))
    assert 1 == kinds(wire.statements).count("insert")
