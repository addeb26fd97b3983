"""`dead`: letters listed, shown, retried, dropped."""

import pytest

from sourcery import Consumer, EventStore
from tests.cli.support import HOSTILE, Shell, is_harmless
from tests.control.support import deposits, given_up, registered
from tests.control.test_letters import BEHIND, PARKED, due
from tests.domain import ADA, BOB


@pytest.fixture
def parked(bank: EventStore) -> Consumer:
    """Ada's events 1 and 2, and Bob's 3, each stream behind its first event."""
    deposits(bank, ADA, 2)
    deposits(bank, BOB)
    consumer = registered(bank, position=3)
    for recorded in bank.read():
        status, error = (PARKED, "no") if recorded.version == 1 else (BEHIND, None)
        given_up(consumer, recorded, status, error)
    return consumer


def test_they_are_listed(parked: Consumer, shell: Shell) -> None:
    """Of one consumer or all, by status, at most so many."""
    registered(parked.store, name="other")
    assert [1, 2, 3] == [letter["position"] for letter in shell.json("dead", "list")]
    assert [] == shell.json("dead", "list", "other")
    assert [2] == [x["position"] for x in shell.json("dead", "list", "--status", "behind")]
    assert [1] == [x["position"] for x in shell.json("dead", "list", "balances", "--limit", 1)]
    assert "balances         1  parked  account/ada" in shell.text("dead", "list")
    assert "there are no dead letters" in shell.text("dead", "list", "other")


def test_one_is_shown_with_its_event(parked: Consumer, shell: Shell) -> None:
    """As it is stored."""
    shown = shell.json("dead", "show", "balances", 2)
    assert ("behind", {"amount": 1}) == (shown["letter"]["status"], shown["subject"]["data"])
    assert "account.deposited" in shell.text("dead", "show", "balances", 1)
    assert "no dead letter at position 9" in shell.error("dead", "show", "balances", 9)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--all"], [1, 3]), (["--position", 3], [3]), (["--key", "account/ada"], [1])],
)
def test_they_are_retried(
    parked: Consumer, shell: Shell, words: list[object], expected: list[int]
) -> None:
    """All, one, or those of a key."""
    text = shell.text("dead", "retry", "balances", *words)
    assert f"the letters of {len(expected)} keys" in text
    assert expected == due(parked)


def test_what_to_retry_must_be_said(parked: Consumer, shell: Shell) -> None:
    """Once."""
    for words in ([], ["--all", "--position", 1]):
        assert "say one of" in shell.error("dead", "retry", "balances", *words, code=2)
    assert [] == due(parked)


def test_one_is_dropped(parked: Consumer, shell: Shell) -> None:
    """With a reason, and only when somebody says yes."""
    words = ("dead", "drop", "balances", 1, "--reason", "closed")
    said = shell.run(*words, input="n\n", code=1).stderr
    assert "drop the letter of balances at position 1, of key account/ada" in said
    assert PARKED == parked.letters()[0].status
    shell.run(*words, "--yes")
    assert ("dead", "closed") == (parked.letters()[0].status, parked.letters()[0].error)


def test_hostile_keys_and_errors_are_written_out(bank: EventStore, shell: Shell) -> None:
    """In lists, in full, and before a confirmation."""
    deposits(bank, HOSTILE)
    consumer = registered(bank, position=1)
    given_up(consumer, next(bank.read()), error=f"[bold]{HOSTILE.id}")
    for words in (["list"], ["show", "balances", 1]):
        assert is_harmless(shell.text("dead", *words))
        assert "[bold]" in shell.text("dead", *words)
    drop = shell.run("dead", "drop", "balances", 1, "--reason", "x", code=1)
    assert is_harmless(drop.stderr)
