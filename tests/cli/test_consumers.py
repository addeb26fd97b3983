"""`consumers`: steering from a shell."""

import pytest

from sourcery import Consumer, EventStore
from tests.cli.support import Shell
from tests.control.support import (
    deposits,
    failed,
    given_up,
    moved,
    owned,
    positions,
    registered,
    statuses,
)
from tests.domain import ADA, BOB


@pytest.fixture
def consumer(bank: EventStore) -> Consumer:
    """One that has handled five events, and is not running."""
    deposits(bank, ADA, 5)
    consumer = registered(bank)
    moved(consumer, 5)
    return consumer


def test_they_are_listed(consumer: Consumer, shell: Shell) -> None:
    """With their state and position."""
    [one] = shell.json("consumers", "list")
    assert ("balances", "stopped", 5) == (one["name"], one["state"], one["position"])
    assert "balances  events       1  stopped" in shell.text("consumers", "list")


def test_pause_and_resume(consumer: Consumer, shell: Shell) -> None:
    """Obeyed in the place of a worker that is not there."""
    assert "balances is paused" in shell.text("consumers", "pause", "balances")
    assert ["paused"] == statuses(consumer)
    shell.run("consumers", "resume", "balances")
    assert ["paused"] != statuses(consumer)


def test_resume_ends_a_fault(consumer: Consumer, shell: Shell) -> None:
    """With new attempts."""
    failed(consumer)
    shell.run("consumers", "resume", "balances")
    assert [0] == [shard.attempts for shard in consumer.health().shards]


def test_a_rewind_says_first_what_it_does(consumer: Consumer, shell: Shell) -> None:
    """And does nothing on "no", or when nobody is there to ask."""
    given_up(consumer, list(consumer.store.read(ADA))[3])
    words = ("consumers", "rewind", "balances", "--to", 2)
    for input in ("n\n", ""):
        said = shell.run(*words, input=input, code=1).stderr
        assert "to position 2: 3 events are handled again, 1 dead letters" in said
        assert "nothing was done" in said
        assert ([5], 1) == (positions(consumer), len(consumer.letters()))
    shell.run(*words, input="y\n")
    assert ([2], 0) == (positions(consumer), len(consumer.letters()))


def test_a_rewind_to_a_time(consumer: Consumer, shell: Shell) -> None:
    """With its time zone."""
    shell.run("consumers", "rewind", "balances", "--to", "2020-01-01T00:00:00Z", "--yes")
    assert [0] == positions(consumer)


@pytest.mark.parametrize("place", ["now", "x", "2026-01-01T00:00:00", "-1", "9" * 30])
def test_no_place_to_rewind_to(consumer: Consumer, shell: Shell, place: str) -> None:
    """A wrong call, of which nothing is done."""
    shell.error("consumers", "rewind", "balances", f"--to={place}", "--yes", code=2)
    assert [5] == positions(consumer)


def test_a_rewind_beyond_the_log_is_refused(consumer: Consumer, shell: Shell) -> None:
    """By the library, in its words."""
    error = shell.error("consumers", "rewind", "balances", "--to", 99, "--yes")
    assert "refused 'rewind': position 99 is beyond the log" in error


def test_a_skip_says_how_many_it_passes(consumer: Consumer, shell: Shell) -> None:
    """Before and after."""
    deposits(consumer.store, BOB, 3)
    done = shell.run("consumers", "skip", "balances", "--to", "now", input="y\n")
    assert "to position 8: 3 events are never handled" in done.stderr
    assert "has passed over 3 events" in done.stdout
    assert [8] == positions(consumer)


def test_all_letters_are_retried(consumer: Consumer, shell: Shell) -> None:
    """Key by key."""
    given_up(consumer, next(consumer.store.read(ADA)))
    assert "the letters of 1 keys" in shell.text("consumers", "retry", "balances")


def test_another_number_of_shards(consumer: Consumer, shell: Shell) -> None:
    """Asked for, with how many there are."""
    said = shell.run("consumers", "reshard", "balances", 3, input="y\n").stderr
    assert "divide balances, which has 1 shards, into 3" in said
    assert [5, 5, 5] == positions(consumer)


def test_a_consumer_is_forgotten(consumer: Consumer, shell: Shell) -> None:
    """Unless somebody runs it, or nobody says yes."""
    shell.run("consumers", "forget", "balances", code=1)
    assert [5] == positions(consumer)
    owned(consumer)
    assert "stop it first" in shell.error("consumers", "forget", "balances", "--yes")
    other = registered(consumer.store, name="other")
    shell.run("consumers", "forget", "other", "--yes")
    assert [] == positions(other)


def test_a_mistyped_name_is_recognised(consumer: Consumer, shell: Shell) -> None:
    """With what it may have meant."""
    error = shell.error("consumers", "pause", "balence")
    assert "there is no consumer 'balence'" in error
    assert "did you mean balances?" in error


def test_no_consumer_at_all(shell: Shell) -> None:
    """There is nothing to mean."""
    assert "no consumer has ever run here" in shell.error("consumers", "pause", "x")
