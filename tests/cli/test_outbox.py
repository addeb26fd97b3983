"""`outbox`: messages listed, tried again, deleted."""

from uuid import uuid4

import pytest

from sourcery import EventStore
from sourcery.messages import Outcome
from tests.cli.support import Shell
from tests.domain import messages_stored
from tests.relay.support import Broker, fails, publish, relay


@pytest.fixture
def sent(bank: EventStore) -> Broker:
    """Ada's second message was refused, her third waits behind it; Bob's are sent."""
    publish(bank, [1, 2, 3], "ada")
    publish(bank, [4, 5], "bob")
    broker = Broker(fails([2], 1, Outcome.REFUSED))
    relay(bank, broker).drain(20)
    return broker


def states(shell: Shell, *words: object) -> list[str]:
    """Of the messages that are listed."""
    return [message["state"] for message in shell.json("outbox", "list", *words)]


def test_they_are_listed(sent: Broker, shell: Shell) -> None:
    """By state and topic, in order, page by page."""
    assert ["sent", "parked", "behind", "sent", "sent"] == states(shell)
    assert ["parked"] == states(shell, "--status", "parked")
    assert ["parked", "behind"] == states(shell, "--after", 1, "--limit", 2)
    assert [] == states(shell, "--topic", "other")
    assert "number 2 is bad" in shell.text("outbox", "list")
    assert "there are no such messages" in shell.text("outbox", "list", "--topic", "other")


def test_a_message_is_tried_again(bank: EventStore, sent: Broker, shell: Shell) -> None:
    """And those behind it."""
    [parked] = shell.json("outbox", "list", "--status", "parked")
    [behind] = shell.json("outbox", "list", "--status", "behind")
    assert "retry the first of its key" in shell.error("outbox", "retry", behind["message_id"])
    assert "relay:payments tries" in shell.text("outbox", "retry", parked["message_id"])
    relay(bank, sent).drain(20)
    assert [1, 2, 3] == sent.numbers_of("ada")


def test_what_cannot_be_tried_again(sent: Broker, shell: Shell) -> None:
    """What is sent, not there, or no id."""
    done = shell.json("outbox", "list", "--status", "sent")[0]["message_id"]
    assert "is sent" in shell.error("outbox", "retry", done)
    assert "there is no message" in shell.error("outbox", "retry", uuid4())
    assert "must be a UUID" in shell.error("outbox", "retry", "x")


def test_a_purge_says_first_what_it_deletes(bank: EventStore, sent: Broker, shell: Shell) -> None:
    """And does nothing on "no"."""
    assert "none, there are none so old" in shell.text("outbox", "purge")
    words = ("outbox", "purge", "--older-than", "0s")
    said = shell.run(*words, input="n\n", code=1).stderr
    assert "delete payments: 3 messages older than 0:00:00" in said
    assert 5 == messages_stored(bank)
    assert {"deleted": {"payments": 3}, "unread": []} == shell.json(*words, "--yes")
    assert 2 == messages_stored(bank)


def test_topics_that_nobody_reads_are_named(bank: EventStore, shell: Shell) -> None:
    """Nothing of them is deleted."""
    publish(bank, [1])
    assert "payments: no relay has ever read it" in shell.run("outbox", "purge").stderr


@pytest.mark.parametrize("span", ["7", "d", "-1d", "1w", "999999999d"])
def test_no_time_span(shell: Shell, span: str) -> None:
    """A wrong call; what a database cannot count back is as long as it can."""
    code = 0 if span == "999999999d" else 2
    shell.run("outbox", "purge", f"--older-than={span}", "--yes", code=code)
