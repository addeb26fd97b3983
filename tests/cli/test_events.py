"""`tail`, `stream show`, `event show`."""

import json
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, metadata
from sourcery.cli.escaping import visible
from tests.cli.support import HOSTILE, Shell, is_harmless, wait_until
from tests.control.support import deposits
from tests.domain import ADA, BOB, ORDER, Deposited, Placed, Remarked, append


def lines(shell: Shell, *words: object) -> list[int]:
    """The positions of what is tailed."""
    text = shell.text("tail", "--json", *words)
    return [json.loads(line)["position"] for line in text.splitlines()]


def test_tail_shows_the_end(bank: EventStore, shell: Shell) -> None:
    """The last ones, in order, as many as are asked for."""
    deposits(bank, ADA, 30)
    assert list(range(11, 31)) == lines(shell)
    assert [29, 30] == lines(shell, "-n", 2)
    assert [] == lines(shell, "-n", 0)
    assert [28, 29, 30] == lines(shell, "--after", 27)


def test_tail_narrows(bank: EventStore, shell: Shell) -> None:
    """By stream, category, kind and correlation."""
    deposits(bank, ADA, 2)
    deposits(bank, BOB)
    with metadata(correlation_id="order 7"):
        append(bank, ORDER, [Placed("pen")])
    assert [1, 2] == lines(shell, "--stream", "account/ada")
    assert [2] == lines(shell, "--stream", "account/ada", "-n", 1)
    assert [2] == lines(shell, "--stream", "account/ada", "--after", 1)
    assert [4] == lines(shell, "--category", "order") == lines(shell, "--kind", "order.placed")
    assert [4] == lines(shell, "--correlation", "order 7")
    assert [] == lines(shell, "--correlation", "order")


def test_an_event_is_a_line(bank: EventStore, shell: Shell) -> None:
    """Position, time, stream, version, kind and payload, which needs no class."""
    deposits(bank, ADA)
    [line] = shell.text("tail").splitlines()
    assert line.startswith("1 20")
    assert line.endswith('Z account/ada 1 account.deposited {"amount": 0}')


def test_hostile_names_and_payloads_are_written_out(bank: EventStore, shell: Shell) -> None:
    """A terminal obeys nothing of them, and the markup of rich is text."""
    append(bank, HOSTILE, [Remarked("\x1b[2J\x07[bold]text[/bold]\u202e")])
    name = visible(HOSTILE.path)
    for words in (["tail"], ["stream", "show", HOSTILE.path], ["event", "show", 1]):
        text = shell.text(*words)
        assert is_harmless(text)
        assert "[bold]" in text
        assert is_harmless(shell.text(*words, "--json"))
    assert name in shell.text("tail")


@pytest.mark.databases("postgresql")
def test_tail_stops_below_what_may_still_appear(bank: EventStore, shell: Shell) -> None:
    """So that a later tail shows what was in flight, in its place."""
    deposits(bank, ADA)
    with Session(bank.engine) as session:
        with UnitOfWork(bank, session=session) as uow:
            uow.append(BOB, [Deposited(1)])
        deposits(bank, ORDER)
        assert [1] == lines(shell) == lines(shell, "--after", 0)
        assert [] == lines(shell, "--stream", "order/1")
        session.commit()
    assert [1, 2, 3] == lines(shell) == lines(shell, "--after", 0)


def test_tail_goes_on(bank: EventStore, shell: Shell) -> None:
    """With --follow, what is committed later is printed at once; Ctrl-C ends it cleanly."""
    deposits(bank, ADA)
    process = shell.start("tail", "--follow", "--json", "--category", "account")
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        deposits(bank, ORDER)
        deposits(bank, BOB)
        second = json.loads(process.stdout.readline())
        assert (1, 3) == (first["position"], second["position"])
        process.send_signal(2)
        assert (0, "") == (process.wait(20), process.stderr.read() if process.stderr else None)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.databases("postgresql")
def test_tail_follows_a_stream(bank: EventStore, shell: Shell) -> None:
    """By its id in its category alone."""
    process = shell.start("tail", "-f", "--json", "--stream", "account/ada", "--after", 0)
    try:
        assert process.stdout is not None
        wait_until(lambda: process.poll() is None)
        deposits(bank, BOB)
        deposits(bank, ADA)
        assert "ada" == json.loads(process.stdout.readline())["stream_id"]
    finally:
        process.kill()
        process.communicate()


def test_a_stream_is_shown(bank: EventStore, shell: Shell) -> None:
    """In order of version, or a part of it."""
    deposits(bank, ADA, 4)
    shown = shell.json("stream", "show", "account/ada", "--from-version", 2, "--to-version", 3)
    assert [(2, {"amount": 1}), (3, {"amount": 2})] == [(e["version"], e["data"]) for e in shown]
    assert '{"amount": 3}' in shell.text("stream", "show", "account/ada")
    assert [] == shell.json("stream", "show", "account/ada", "--from-version", 5)


def test_a_stream_that_is_not_there(shell: Shell) -> None:
    """Is an error; what is no name of one is a wrong call."""
    assert "there is no stream account/'eve'" in shell.error("stream", "show", "account/eve")
    assert "write CATEGORY/ID" in shell.error("stream", "show", "account", code=2)


def test_an_event_is_shown_by_position_and_id(bank: EventStore, shell: Shell) -> None:
    """With its envelope."""
    with metadata(actor="ada", correlation_id="c"):
        deposits(bank, ADA)
    [recorded] = bank.read()
    by_position = shell.json("event", "show", 1)
    assert by_position == shell.json("event", "show", recorded.event_id)
    assert ({"amount": 0}, {"actor": "ada", "correlation_id": "c"}) == (
        by_position["data"],
        by_position["metadata"],
    )
    assert "actor           ada" in shell.text("event", "show", 1)


def test_an_event_that_is_not_there(shell: Shell) -> None:
    """Neither by position nor by id; what is neither is said."""
    assert "there is no event '7'" in shell.error("event", "show", 7)
    assert "there is no event" in shell.error("event", "show", uuid4())
    assert "must be a UUID" in shell.error("event", "show", "x")
