"""What was accepted long ago is forgotten, in short transactions."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from sourcery import EventStore, purge_inbox
from sourcery.errors import InvalidArgument
from tests.inbox.support import PAYMENTS, accepted, let_pass, remembered, rows_stored
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE

pytestmark = pytest.mark.promise(43)

WEEK = timedelta(days=7)


def fill(bank: EventStore, count: int, *consumers: str) -> None:
    """Accept so many messages of each consumer."""
    for n in range(count):
        for consumer in consumers or (PAYMENTS,):
            assert accepted(bank, f"{n:03}", consumer)


def test_only_what_is_older_goes(bank: EventStore) -> None:
    """The rest is still known."""
    fill(bank, 3)
    let_pass(bank, WEEK + timedelta(hours=1), "000")
    let_pass(bank, WEEK - timedelta(hours=1), "001")
    assert 1 == purge_inbox(bank)
    assert [(PAYMENTS, "001"), (PAYMENTS, "002")] == remembered(bank)
    assert 0 == purge_inbox(bank)


def test_in_chunks_each_a_transaction_of_its_own(bank: EventStore) -> None:
    """Nobody waits for all of it."""
    fill(bank, 5, "a", "b")
    let_pass(bank, 2 * WEEK)
    commits: list[object] = []
    event.listen(bank.engine, "commit", commits.append)
    assert 10 == purge_inbox(bank, chunk=4)
    assert (3, []) == (len(commits), remembered(bank))


def test_one_mark_stays_for_each_consumer(bank: EventStore) -> None:
    """However often it is purged."""
    for _ in range(3):
        fill(bank, 2, "a", "b")
        let_pass(bank, 2 * WEEK)
        purge_inbox(bank)
    assert 2 == rows_stored(bank)


def test_the_retention_is_the_callers(bank: EventStore) -> None:
    """Nothing at all may be kept."""
    fill(bank, 2)
    let_pass(bank, timedelta(minutes=1))
    assert 0 == purge_inbox(bank, older_than=timedelta(hours=1))
    assert 2 == purge_inbox(bank, older_than=timedelta(0))


def test_purges_at_the_same_time_share_the_work(bank: EventStore, background: Background) -> None:
    """None fails, and nothing is left."""
    fill(bank, 20, "a", "b", "c")
    let_pass(bank, 2 * WEEK)
    purging = [background(purge_inbox, bank, chunk=7) for _ in range(4)]
    assert 60 <= sum(each.result(DEADLINE) for each in purging)
    assert (0, 3) == (len(remembered(bank)), rows_stored(bank))


@pytest.mark.parametrize("bad", [{"chunk": 0}, {"older_than": timedelta(seconds=-1)}])
def test_nonsense_is_refused(bank: EventStore, bad: dict[str, object]) -> None:
    """Before anything is removed."""
    with pytest.raises(InvalidArgument, match=next(iter(bad))):
        purge_inbox(bank, **bad)
