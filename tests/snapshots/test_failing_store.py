"""Promise 34: an account that may not write snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import EventStore
from sourcery.testing.conformance.test_failing_snapshots import CLS, PAYLOAD, said
from tests.databases import Database
from tests.snapshots.domain import kept, work

pytestmark = pytest.mark.promise(34)


@contextmanager
def a_role(database: Database, store: EventStore) -> Iterator[Any]:
    """An account that may do everything, but not write snapshots."""
    role = f"{database.url.database}_r"
    with store.engine.connect() as connection:
        for statement in (
            f'create role "{role}"',
            f'grant select, insert, update, delete on all tables in schema public to "{role}"',
            f'grant usage, select on all sequences in schema public to "{role}"',
            f'revoke insert, update, delete on sourcery_snapshots from "{role}"',
        ):
            connection.execute(text(statement))
        connection.commit()
        try:
            yield database.url.update_query_dict({"options": f"-c role={role}"})
        finally:
            for statement in (f'drop owned by "{role}"', f'drop role "{role}"'):
                connection.execute(text(statement))
            connection.commit()


@pytest.mark.databases("postgresql")
def test_an_account_that_may_not_write_them_writes_events(
    store: EventStore, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """It reads what others store."""
    with a_role(database, store) as url, EventStore(url) as limited:
        for amount in (PAYLOAD, 2):
            work(limited, CLS, amount)
        assert [] == kept(store)
        assert PAYLOAD + 2 == limited.load(CLS, "t").total
    assert ["a snapshot could not be stored: PrivilegeMissing"] * 2 == said(caplog)
