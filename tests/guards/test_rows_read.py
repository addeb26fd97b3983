"""No statement looks at more of the log than it must, at 20,000 rows.

On one connection a statement is planned anew at first. psycopg prepares it at its sixth run,
and from the eleventh PostgreSQL may keep one plan for all values, so that run counts as well.
"""

from collections.abc import Callable

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from tests.domain import Account, AnyEvent, Deposited, Opened, Remarked
from tests.guards.effort import Effort, measuring

FIRST, PREPARED = 1, 12
#: Rows that a database may look at beside those that are wanted, to find where they end.
SLACK = 5

_DIGITS = "(" + " union all ".join(f"select {d} as d" for d in range(10)) + ")"
#: 100 streams of 200 events each, interleaved; four kinds are common, every hundredth event
#: is of a rare one. Each stream has one common kind, so that it can be told what was read.
_FILL = f"""
insert into sourcery_events (position, category, stream_id, version, event_id, kind,
    schema_version, bucket, data, metadata, recorded_at)
select 1 + s.d + 10 * t.d + 100 * v.d + 1000 * w.d + 10000 * x.d, 'account', s.d + 10 * t.d,
    1 + v.d + 10 * w.d + 100 * x.d, '00000000-0000-7000-8000-000000000000',
    case when s.d = v.d and t.d = w.d then 'account.opened' when s.d < 3 then 'order.placed'
        when s.d < 5 then 'order.shipped' when s.d < 7 then 'account.withdrawn'
        else 'account.deposited' end,
    1, 0, '{{"amount":1,"owner":"Ada","item":"tea"}}', '{{}}', current_timestamp
from {_DIGITS} s, {_DIGITS} t, {_DIGITS} v, {_DIGITS} w, {_DIGITS} x
where x.d < 2
order by 1"""
_ANALYZE = {"mysql": "analyze table sourcery_events", "mariadb": "analyze table sourcery_events"}


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """A store with 20,000 events whose statistics are known."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(_FILL)
    with store.engine.begin() as connection:
        analyze = _ANALYZE.get(store.engine.dialect.name, "analyze sourcery_events")
        connection.exec_driver_sql(analyze).close()
    store.repair()
    return store


def looked_at(store: EventStore, action: Callable[[], object], run: int) -> Effort:
    """What the action's run of this number costs on one connection."""
    store.engine.dispose()
    for _ in range(run - 1):
        action()
    with measuring(store.engine) as effort:
        action()
    return effort


def reads(store: EventStore) -> dict[str, tuple[int, Callable[[], object]]]:
    """The hot reads, each with the rows it wants."""
    seven, nobody = Stream("account", 7), Stream("account", "nobody")
    of, one = {"events": AnyEvent}, {"events": AnyEvent, "limit": 1, "backward": True}
    return {
        "page": (500, lambda: next(store.read(**of, after=12_000))),
        "page of a category": (500, lambda: next(store.read(**of, categories=["account"]))),
        "page of a rare kind": (200, lambda: list(store.read(events=Opened))),
        "first of a rare kind": (1, lambda: next(store.read(events=Opened, after=201, limit=1))),
        "a kind that never was": (0, lambda: list(store.read(events=Remarked))),
        "newest event": (1, lambda: next(store.read(**one))),
        "stream": (200, lambda: list(store.read(seven, **of))),
        "part of a stream": (10, lambda: list(store.read(seven, **of, from_version=191))),
        "newest of a stream": (1, lambda: next(store.read(seven, **one))),
        "a stream that never was": (0, lambda: list(store.read(nobody, **of))),
        "settled position": (0, store.settled),
        "greatest position": (2, lambda: greatest_position(store)),
    }


def greatest_position(store: EventStore) -> int:
    """As a store asks at its start."""
    with store.database.reading() as connection:
        return store.database.dialect.greatest_known(connection)


def record(store: EventStore, events: int) -> None:
    """Load an account and record."""
    with UnitOfWork(store) as uow:
        account = uow.get(Account, 7)
        for _ in range(events):
            account.deposit(1)


def append(store: EventStore, events: int) -> None:
    """Append without any check."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("account", 8), [Deposited(1)] * events)


@pytest.mark.parametrize("run", [FIRST, PREPARED])
def test_a_read_looks_at_what_it_returns(full: EventStore, run: int) -> None:
    """And at nothing else of the log."""
    rows = {
        name: (wanted, looked_at(full, action, run).rows)
        for name, (wanted, action) in reads(full).items()
    }
    assert {} == {name: seen for name, seen in rows.items() if seen[1] > seen[0] + SLACK}


@pytest.mark.parametrize("run", [FIRST, PREPARED])
@pytest.mark.parametrize("events", [1, 2, 100])
def test_an_append_looks_at_its_stream_alone(full: EventStore, events: int, run: int) -> None:
    """A checked one at the stream it loaded, an unchecked one at its head."""
    checked = looked_at(full, lambda: record(full, events), run).rows
    unchecked = looked_at(full, lambda: append(full, events), run).rows
    stream = 200 + run * events
    per_event = 3  # rows that SQLite's instructions of an insert amount to
    assert checked <= stream + SLACK + per_event * events
    assert unchecked <= SLACK + per_event * events


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("run", [FIRST, PREPARED])
def test_a_fenced_page_sorts_no_more_than_itself(full: EventStore, run: int) -> None:
    """The order comes from the index; what is sorted again is one page that is in order."""
    page = looked_at(full, lambda: next(full.read(events=AnyEvent)), run)
    assert 500 == page.sorted


def test_the_measure_sees_a_scan(full: EventStore) -> None:
    """A test of the test: a condition without an index looks at everything."""

    def scan() -> None:
        with full.database.reading() as connection:
            connection.exec_driver_sql("select 1 from sourcery_events where bucket = 5").all()

    assert 1_000 < looked_at(full, scan, FIRST).rows
