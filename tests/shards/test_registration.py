"""Semantics 18: all shards of a consumer begin together, and the program fits what is stored."""

from threading import Barrier

import pytest

from sourcery import NOW, EventStore
from sourcery.control import Consumer
from sourcery.errors import ConsumerMismatch
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, InFlight, after_statement, append, wait_until
from tests.shards.crew import CREW, Crew, Member, rows

pytestmark = [pytest.mark.promise(22), pytest.mark.promise(49)]


def test_all_shards_begin_at_one_position(store: EventStore, crew: Crew) -> None:
    """Which is resolved once, however much is written meanwhile."""
    append(store, "a", 3)
    member = crew.hire(shards=5, after=NOW)
    with after_statement(member.store.engine, lambda: None, "sourcery_consumers"):
        member.subscriber.run_once()
    assert [3] * 5 == [row.position for row in rows(store)]
    assert [(n, 5) for n in range(5)] == [(row.shard, row.shards) for row in rows(store)]


def test_nobody_sees_some_of_the_shards(store: EventStore, crew: Crew) -> None:
    """They come in one transaction: after the first there is none to be seen."""
    member, seen = crew.hire(shards=5), []
    with after_statement(
        member.store.engine, lambda: seen.append(rows(store)), "INSERT INTO sourcery_consumers"
    ):
        member.subscriber.run_once()
    assert ([[]], 5) == (seen, len(rows(store)))


def test_of_many_who_register_one_does(
    store: EventStore, crew: Crew, background: Background
) -> None:
    """Each sees the same start, though the log grows while they begin."""
    members = [crew.hire(shards=4, after=NOW, lease=60.0) for _ in range(6)]
    barrier = Barrier(len(members))

    def begin(member: Member) -> None:
        append(member.store, member.handling.worker)
        barrier.wait(DEADLINE)
        member.subscriber.run_once()

    for task in [background(begin, member) for member in members]:
        task.result(DEADLINE)
    assert ([6] * 4, []) == ([row.position for row in rows(store)], crew.handled)


@pytest.mark.databases("postgresql", "mariadb")
def test_now_is_what_is_settled(store: EventStore, crew: Crew, flight: InFlight) -> None:
    """Semantics 19: what is in flight at the start is delivered when it is committed."""
    flight.append("a")
    member = crew.hire(after=NOW)
    assert 0 == member.subscriber.run_once()
    flight.commit()
    assert 1 == member.subscriber.run_once()


@pytest.mark.parametrize("options", [{"shards": 3}, {"shards": 1}])
def test_another_number_of_shards_is_refused(
    store: EventStore, crew: Crew, options: dict[str, int]
) -> None:
    """With both numbers, and what to do."""
    crew.hire(shards=2).subscriber.run_once()
    with pytest.raises(ConsumerMismatch, match="reshard") as error:
        crew.hire(**options).subscriber.run_once()
    assert ("shards", 2) == (error.value.what, error.value.stored)
    assert options["shards"] == error.value.given


def test_who_runs_while_shards_are_changed_ends(store: EventStore, crew: Crew) -> None:
    """The program must be told: it raises, and holds nothing any more."""
    member = crew.hire(shards=2, lease=3600.0).start()
    append(store, "a", 3)
    member.wait_for_shards(2)
    Consumer(store, CREW).reshard(3)
    wait_until(lambda: not member.is_running)
    assert isinstance(member.error, ConsumerMismatch)
    assert [None] * 3 == [row.owner for row in rows(store)]


def test_who_hangs_while_shards_are_changed_cannot_commit(store: EventStore, crew: Crew) -> None:
    """Its page is rolled back: the event is handled under the new number of shards."""
    member = crew.hire(shards=2, lease=3600.0, categories=["thing"]).start()
    member.hang(store)
    other = ["other"]
    with pytest.raises(ConsumerMismatch, match="filter"):
        crew.hire(shards=2, categories=other).subscriber.run_once()
    Consumer(store, CREW).change_filter(events=Happened, categories=other, rewind_to=0)
    member.handling.let_go()
    wait_until(lambda: not member.is_running)
    assert isinstance(member.error, ConsumerMismatch)
    assert [0, 0] == [row.position for row in rows(store)]
