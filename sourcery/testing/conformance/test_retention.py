"""What was sent long ago is deleted, and nothing else: promise 42, rule 31."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from sourcery import Consumer, EventStore, Purged, Relay, purge_outbox
from sourcery.errors import InvalidArgument
from sourcery.relay import tidying
from sourcery.testing.conformance.domain import messages_stored
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.relays import (
    LONG_AGO,
    NAME,
    Broker,
    fails,
    policy,
    publish,
    relay,
    row_of,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until

pytestmark: object = [pytest.mark.promise(42), pytest.mark.promise(49)]


def purge(store: EventStore, chunk: int = 1000) -> Purged:
    """Whatever its age."""
    return purge_outbox(store, older_than=LONG_AGO, chunk=chunk)


def test_rule_31_what_was_sent_is_deleted(store: EventStore) -> None:
    """Of each topic, in chunks."""
    publish(store, range(25))
    publish(store, range(3), topic="mails")
    Relay(store, Broker()).drain(DEADLINE)
    assert {"mails": 3, "payments": 25} == purge(store, chunk=10).deleted
    assert 0 == messages_stored(store)


def test_a_dry_run_counts_what_would_be_deleted(store: EventStore) -> None:
    """In chunks as well, and deletes nothing."""
    publish(store, range(25))
    relay(store, Broker()).drain(DEADLINE)
    publish(store, [99])
    counted = purge_outbox(store, older_than=LONG_AGO, chunk=10, dry_run=True)
    assert 26 == messages_stored(store)
    assert counted == purge(store)


def test_rule_31_what_is_young_stays(store: EventStore) -> None:
    """Seven days, unless told otherwise."""
    publish(store, range(3))
    relay(store, Broker()).drain(DEADLINE)
    assert (Purged(deleted={}, unread=()), 3) == (purge_outbox(store), messages_stored(store))


def test_an_age_before_all_time_is_taken(store: EventStore) -> None:
    """Nothing is so old; the database's clock cannot be set back so far."""
    publish(store, [1])
    relay(store, Broker()).drain(DEADLINE)
    assert {} == purge_outbox(store, older_than=timedelta.max).deleted


def test_rule_31_what_is_unsent_stays(store: EventStore) -> None:
    """Above the cursor of the shard that is furthest behind."""
    publish(store, [1])
    relay(store, Broker()).drain(DEADLINE)
    publish(store, [2])
    assert ({"payments": 1}, 1) == (purge(store).deleted, messages_stored(store))


def test_rule_31_what_one_relay_has_not_sent_stays(store: EventStore) -> None:
    """Below all cursors of the topic, those of other relays too."""
    publish(store, [1])
    relay(store, Broker(), name="audit").drain(DEADLINE)
    publish(store, [2])
    relay(store, Broker()).drain(DEADLINE)
    assert ({"payments": 1}, 1) == (purge(store).deleted, messages_stored(store))


@pytest.mark.parametrize("then", ["park", "skip"])
def test_rule_31_a_letter_keeps_its_key(store: EventStore, then: str) -> None:
    """Its message and all later ones of the key; what was sent before it goes."""
    publish(store, [1, 2, 3], key="ada")
    publish(store, [4, 5], key="bob")
    publish(store, [6], key=None)
    relay(store, Broker(fails([2])), on_error=policy(then, retries=0)).drain(DEADLINE)
    assert ({"payments": 4}, 2) == (purge(store, chunk=2).deleted, messages_stored(store))


def test_rule_31_a_retry_after_a_purge_sends_all_that_waited(store: EventStore) -> None:
    """Nothing unsent or dead was deleted."""
    publish(store, range(10))
    broker = Broker(fails([4]))
    relay(store, broker, on_error=policy(retries=0)).drain(DEADLINE)
    purge(store, chunk=3)
    broker.judge = fails([])
    Consumer(store, NAME).retry()
    relay(store, broker).drain(DEADLINE)
    assert (list(range(10)), 6) == (broker.numbers, messages_stored(store))
    assert 6 == purge(store).deleted["payments"]


def test_rule_31_a_topic_that_no_relay_reads_is_reported(store: EventStore) -> None:
    """And never deleted."""
    publish(store, [1], topic="lost")
    publish(store, [2])
    relay(store, Broker()).drain(DEADLINE)
    assert Purged(deleted={"payments": 1}, unread=("lost",)) == purge(store)
    assert 1 == messages_stored(store)


def test_each_chunk_is_a_transaction_of_its_own(store: EventStore) -> None:
    """So that it locks little, and may be ended at any time."""
    publish(store, range(30))
    relay(store, Broker()).drain(DEADLINE)
    deletes: list[str] = []
    commits: list[int] = []

    def executed(*given: object) -> None:
        if "DELETE FROM sourcery_outbox" in str(given[2]):
            deletes.append("delete")

    event.listen(store.engine, "after_cursor_execute", executed)
    event.listen(store.engine, "commit", lambda _: commits.append(len(deletes)))
    purge(store, chunk=10)
    assert {1, 2, 3} <= set(commits)


@pytest.mark.parametrize(("age", "chunk"), [(timedelta(-1), 1), (7, 1), (LONG_AGO, 0)])
def test_nonsense_is_refused(store: EventStore, age: timedelta, chunk: int) -> None:
    """Before anything is deleted."""
    with pytest.raises(InvalidArgument):
        purge_outbox(store, older_than=age, chunk=chunk)


def test_a_relay_deletes_by_itself(
    store: EventStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and then, while there is nothing to send."""
    monkeypatch.setattr(tidying, "_FIRST", 0.0)
    monkeypatch.setattr(tidying, "_BETWEEN", 0.05)
    publish(store, range(5))
    running(relay(store, Broker(), keep=LONG_AGO))
    wait_until(lambda: 0 == messages_stored(store))


def test_a_relay_that_keeps_all_deletes_nothing(
    store: EventStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keep=None`."""
    monkeypatch.setattr(tidying, "_FIRST", 0.0)
    publish(store, range(5))
    broker = Broker()
    running(relay(store, broker, keep=None))
    wait_until(lambda: row_of_is_live(store))
    assert (5, 5) == (len(broker.sent), messages_stored(store))


def row_of_is_live(store: EventStore) -> bool:
    """Whether all is sent and it rests."""
    try:
        return row_of(store).status == "live"
    except IndexError:
        return False
