"""What a rewind or a skip would do is counted first."""

from sourcery import EventStore
from tests.control.support import deposits, given_up, moved, of_shard, positions, registered
from tests.domain import ADA, BOB, Deposited, Opened, append


def test_events_between_are_counted_by_the_filter(bank: EventStore) -> None:
    """Those of other kinds are not; nothing changes."""
    append(bank, ADA, [Opened("Ada"), Deposited(1), Deposited(2)])
    append(bank, BOB, [Opened("Bob"), Deposited(3)])
    consumer = registered(bank, events=Deposited)
    moved(consumer, 3)
    back, on = consumer.foresee(1), consumer.foresee(5)
    assert (1, 2, 0) == (back.target, back.again, back.passed)
    assert (5, 0, 1) == (on.target, on.again, on.passed)
    assert [3] == positions(consumer)


def test_each_shard_counts_its_own(bank: EventStore) -> None:
    """A rewind leaves shards alone that are before the place, and their letters."""
    for shard in (0, 1):
        deposits(bank, of_shard(shard, 2), 2)
    consumer = registered(bank, shards=2)
    moved(consumer, 4, shard=0)
    for recorded in bank.read():
        given_up(consumer, recorded)
    foreseen = consumer.foresee(1)
    assert (1, 1, 0) == (foreseen.again, foreseen.letters, foreseen.passed)
    assert 2 == consumer.foresee(4).passed
