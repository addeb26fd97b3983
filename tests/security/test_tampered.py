"""Rows that somebody changed by hand: typed errors or a full replay, and never code.

A plain run changes each column to two of the hostile texts; `SOURCERY_HOSTILE=all` to all of them.
"""

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, String, Text

from sourcery import (
    Consumer,
    EventStore,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    consumer_health,
    delete_snapshots,
    outbox_messages,
    purge_inbox,
    purge_outbox,
    stored_snapshots,
    verify_snapshots,
)
from sourcery.columns import Identifier, Moment
from sourcery.errors import DatabaseMisconfigured, SourceryError
from sourcery.messages import Message
from sourcery.publishers import CallablePublisher
from sourcery.schema import tables
from tests.ordering.happened import Happened
from tests.security.parts import _PARK, Everything, Thing, prepare

pytestmark = [pytest.mark.promise(46), pytest.mark.databases("sqlite")]

#: What loaders of other libraries would run, and what decoders stumble over.
HOSTILE = [
    "cos\nsystem\n(S'touch {file}'\ntR.",
    '{{"py/reduce": [{{"py/function": "os.system"}}, ["touch {file}"]], "__class__": "os.system"}}',
    "!!python/object/apply:os.system ['touch {file}']",
    "__import__('os').system('touch {file}')",
    "[" * 100_000,
    "9" * 5_000,
    '[{{"number": "x", "count": [], "refused": {{}}}}]',
    '{{"what": "rewind", "position": "x", "kinds": [1], "categories": {{}}, "actor": [1]}}',
]
#: Columns of text and bytes, and of times, which are text on SQLite.
COLUMNS = [
    column
    for table in tables.sorted_tables
    for column in table.columns
    if isinstance(column.type, String | Text | LargeBinary | Identifier) or column.type is Moment
]
PER_COLUMN = len(HOSTILE) if os.environ.get("SOURCERY_HOSTILE") == "all" else 2


def hostile(column: Column[Any]) -> list[str]:
    """Other texts for each column, so that all are tried somewhere."""
    first = next(n for n, each in enumerate(COLUMNS) if each is column)
    return [HOSTILE[(first + 5 * n) % len(HOSTILE)] for n in range(PER_COLUMN)]


def uses(store: EventStore, name: str) -> Iterator[Callable[[], object]]:
    """Whatever a program does with what is stored."""
    consumer = Consumer(store, name)

    def handle(uow: UnitOfWork, recorded: Any) -> None:
        assert recorded.metadata, recorded.recorded_at
        uow.publish("answers", payload={"n": recorded.event.number})

    def work() -> None:
        with UnitOfWork(store) as uow:
            uow.get_or_create(Thing, name).record(Happened(1))
            uow.accept("things", name)

    def send(message: Message) -> None:
        assert message.message_id.int, message.headers

    yield lambda: list(stored_snapshots(store))
    yield lambda: [(r.event_id, r.metadata, r.recorded_at, repr(r)) for r in store.read()]
    yield lambda: store.load(Thing, name)
    yield lambda: store.project(Everything)
    yield work
    yield lambda: [health.to_dict() for health in consumer_health(store)]
    yield consumer.letters
    yield lambda: consumer.retry(timeout=0.1)
    yield Subscriber(
        store, name, handle, events=Happened, categories=[name], on_error=_PARK
    ).run_once
    yield lambda: consumer.pause(timeout=0.1)
    yield lambda: consumer.reshard(2, timeout=0.1)
    yield Relay(store, CallablePublisher(send), topics=[name], on_error=_PARK, keep=None).run_once
    yield lambda: outbox_messages(store)
    yield lambda: purge_outbox(store, older_than=timedelta(0))
    yield lambda: purge_inbox(store, older_than=timedelta(0))
    yield lambda: verify_snapshots(store, Thing)
    yield lambda: delete_snapshots(store)


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_a_changed_column_is_refused_or_passed_over(
    store: EventStore, column: Column[Any], tmp_path: Path
) -> None:
    """Whatever is done then raises an error of ours or none, and what it names is not run."""
    name, file = prepare(store), tmp_path / "was-here"
    with store.engine.connect() as connection:
        before = connection.scalar(column.table.select().with_only_columns(column))
    for template in hostile(column):
        text = template.format(file=file) if "{" in template else template
        change: Any = text.encode() if isinstance(before, bytes) else text
        with store.engine.begin() as connection:
            connection.exec_driver_sql(
                f'update or ignore {column.table.name} set "{column.name}" = ?', (change,)
            )
        with EventStore(store.engine, events=Happened) as fresh:
            for use in uses(fresh, name):
                with suppress(SourceryError):
                    use()
    assert not file.exists()


def test_a_text_that_is_none_is_not_quoted(store: EventStore) -> None:
    """What sqlite3 says of one holds the text; readers and workers say what to do."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("thing", 1), [Happened(1)])
    with store.engine.begin() as connection:
        damaged = "cast(x'7b2273656372657422ff7d' as text)"
        connection.exec_driver_sql(f"update sourcery_events set data = {damaged}")
    with EventStore(store.engine, events=Happened) as fresh:
        for use in (lambda: list(fresh.read()), lambda: fresh.load(Thing, 1)):
            with pytest.raises(DatabaseMisconfigured, match="not UTF-8") as refused:
                use()
            assert "secret" not in "".join(traceback.format_exception(refused.value))
