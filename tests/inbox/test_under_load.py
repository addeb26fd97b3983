"""Deliveries, repeats and purges at once: whatever is accepted is accepted once."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from sourcery import EventStore, purge_inbox, transact
from sourcery.errors import MessageTooOld
from tests.inbox.support import PAYMENTS
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE

pytestmark = [pytest.mark.promise(43), pytest.mark.promise(49)]

MESSAGES = 40
REPEATS = 8


def deliver(bank: EventStore, background: Background, *, timed: bool) -> Counter[str]:
    """How often each message was accepted, while all is forgotten as fast as can be."""
    over = Event()
    purging = background(keep, lambda: purge_inbox(bank, older_than=timedelta(0)), over)

    def worker(seed: int) -> list[str]:
        told: list[str] = []
        order = [f"{n}" for n in range(MESSAGES)] * REPEATS
        random.Random(seed).shuffle(order)
        for message_id in order:
            sent = sent_at[message_id] if timed else None
            told += [message_id] * accepts(bank, message_id, sent)
        return told

    sent_at = {f"{n}": datetime.now(UTC) + timedelta(milliseconds=50 * n) for n in range(MESSAGES)}
    workers = [background(worker, seed) for seed in range(4)]
    accepted = Counter(message_id for each in workers for message_id in each.result(DEADLINE * 3))
    over.set()
    purging.result(DEADLINE)
    return accepted


def accepts(bank: EventStore, message_id: str, sent_at: datetime | None) -> bool:
    """Whether it is new, by all that the inbox can tell."""
    try:
        return transact(bank, lambda uow: uow.accept(PAYMENTS, message_id, sent_at=sent_at)).result
    except MessageTooOld:
        return False


def keep(work: Callable[[], object], over: Event) -> None:
    """Do it again and again."""
    while not over.is_set():
        work()


def test_rule_35_nothing_is_accepted_twice(bank: EventStore, background: Background) -> None:
    """Not across a purge either."""
    accepted = deliver(bank, background, timed=True)
    assert accepted
    assert {1} == set(accepted.values())


def test_rule_35_without_the_times_it_is(bank: EventStore, background: Background) -> None:
    """The test of the test: then the mark cannot be compared with anything."""
    assert 1 < max(deliver(bank, background, timed=False).values())
