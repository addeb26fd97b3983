"""What a relay costs, counted on the wire and by plans: by pages, never by messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from sourcery import EventStore, Relay
from sourcery.consumers.filters import query_of
from sourcery.following import Follower
from sourcery.outbox import topics
from sourcery.relay.crew import Crew
from tests.guards.effort import measuring
from tests.guards.test_subscriber import FRONTIER, IDLE
from tests.guards.wire import watching
from tests.relay.support import TOPIC, Broker, publish, relay, row_of

PAGE = ["rows", *FRONTIER, "page", "checkpoint"]
_STEPS = {
    "update sourcery_consumers": "checkpoint",
    "sourcery_consumers": "rows",
    "pg_locks": "floor",
    "sourcery_outbox": "page",
    "sourcery_positions_seq": "highest",
    "pg_stat_activity": "mark",
    "begin": "begin",
    "commit": "commit",
}


@contextmanager
def at_work(sender: Relay) -> Iterator[Crew]:
    """Its rounds, one by one in this thread; it has its shard, and its connection is watched."""
    with sender._worker._at_work(None) as crew:
        assert isinstance(crew, Crew)
        crew.round(force=True)
        crew.means.link.close()
        yield crew


def spent(store: EventStore, crew: Crew, looks: int) -> list[str]:
    """The statements of so many looks; those of opening the watched connection are left out."""
    with watching(store.engine) as wire:
        for _ in range(looks):
            crew.round(force=False)
        crew.means.link.close()
    texts = [" ".join(statement.lower().split()) for statement in wire.statements]
    found = [next((step for part, step in _STEPS.items() if part in t), t) for t in texts]
    if "mark" in found:
        at = found.index("mark") - 1
        assert ["begin", "mark", "commit"] == found[at : at + 3]
        del found[at : at + 3]
    return found


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("messages", [1, 150])
def test_a_page_is_five_statements(store: EventStore, messages: int) -> None:
    """No row is written for a message: one update of the checkpoint, whatever was sent."""
    broker = Broker()
    with at_work(relay(store, broker, lease=3600.0)) as crew:
        publish(store, range(messages), key=None)
        assert [*PAGE, *FRONTIER] == spent(store, crew, 2)
    assert messages == len(broker.sent)


@pytest.mark.databases("postgresql")
def test_waves_cost_no_statements(store: EventStore) -> None:
    """The broker is called for each, the database for none."""
    broker = Broker()
    with at_work(relay(store, broker, lease=3600.0)) as crew:
        publish(store, range(20), key="ada")
        assert [*PAGE[:-1], "begin", "checkpoint", "commit", *FRONTIER] == spent(store, crew, 2)
    assert 20 == len(broker.batches)


@pytest.mark.databases("postgresql")
def test_a_full_page_is_two_statements(store: EventStore) -> None:
    """The page, and the update of the checkpoint, which gives back what stands on the row."""
    broker = Broker()
    with at_work(relay(store, broker, lease=3600.0, page=50)) as crew:
        publish(store, range(130), key=None)
        assert [*PAGE, *PAGE[-2:] * 2, *FRONTIER] == spent(store, crew, 4)
    assert 130 == len(broker.sent)


@pytest.mark.databases("postgresql")
def test_topics_share_the_frontier_of_a_round(store: EventStore) -> None:
    """An idle look costs a statement for each topic, and two for all."""
    with at_work(relay(store, Broker(), lease=3600.0, topics=["a", "b", "c"])) as crew:
        crew.round(force=True)
        assert [*IDLE, "rows", "rows"] == spent(store, crew, 1)


_DIGITS = "(" + " union all ".join(f"select {d} as d" for d in range(10)) + ")"
#: 20,000 messages of two topics, one of them in a hundred.
_FILL = f"""
insert into sourcery_outbox (position, message_id, topic, {{key}}, bucket, headers, payload,
    content_type, created_at)
select 1 + s.d + 10 * t.d + 100 * v.d + 1000 * w.d + 10000 * x.d,
    '00000000-0000-7000-8000-000000000000', case when s.d = 0 and t.d = 0 then 'rare' else
    '{TOPIC}' end, s.d, 1 + s.d, '{{{{}}}}', cast('{{{{}}}}' as {{blob}}),
    'application/json', current_timestamp
from {_DIGITS} s, {_DIGITS} t, {_DIGITS} v, {_DIGITS} w, {_DIGITS} x
where x.d < 2
order by 1"""
#: Topic, where a page begins, and how many messages of it there are.
PAGES = [(TOPIC, 0, 200), (TOPIC, 15_000, 200), ("rare", 0, 200), ("rare", 15_000, 50)]
_WORDS = {"postgresql": ('"key"', "bytea"), "sqlite": ('"key"', "blob")}
_ANALYZE = {"mysql": "analyze table sourcery_outbox", "mariadb": "analyze table sourcery_outbox"}


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """A store with 20,000 messages whose statistics are known."""
    key, blob = _WORDS.get(store.engine.dialect.name, ("`key`", "binary"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql(_FILL.format(key=key, blob=blob))
    with store.engine.begin() as connection:
        analyze = _ANALYZE.get(store.engine.dialect.name, "analyze sourcery_outbox")
        connection.execute(text(analyze)).close()
    store.repair()
    return store


@pytest.mark.parametrize(("topic", "after", "wanted"), PAGES)
@pytest.mark.parametrize("run", [1, 12])
def test_a_page_looks_at_its_own_messages(
    full: EventStore, topic: str, after: int, wanted: int, run: int
) -> None:
    """The index of topic and position gives them, how rare the topic or far the page may be."""
    Relay(full, Broker(), topics=[topic], page=1).run_once()
    query = query_of(row_of(full, f"relay:{topic}"))
    follower = Follower(full.database, query, after, size=200)
    full.engine.dispose()
    for _ in range(run):
        follower.look()
    with measuring(full.engine) as effort:
        assert wanted == len(follower.look().rows)
    assert (True, True) == (effort.rows <= 1.5 * wanted + 20, effort.sorted <= 2 * wanted)


def test_topics_are_found_without_a_look_at_their_messages(full: EventStore) -> None:
    """One place of the index each."""
    with measuring(full.engine) as effort, full.database.reading() as connection:
        assert sorted([TOPIC, "rare"]) == topics(connection)
    assert effort.rows < 50
