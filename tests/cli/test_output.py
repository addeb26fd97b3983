"""How answers look on a terminal, and that nothing in them is obeyed."""

import io
import json
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcery import EventStore
from sourcery.cli.escaping import duration, said, visible
from sourcery.cli.output import Table, as_json, show
from sourcery.control import ShardState
from tests.cli.support import HOSTILE, Shell, is_harmless
from tests.control.support import deposits, registered
from tests.domain import ADA


class Terminal(io.StringIO):
    """Takes what a terminal would be sent."""

    def isatty(self) -> bool:
        """It says that it is one."""
        return True


def shown(table: Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a table looks like there."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    show(table)
    return terminal.getvalue()


def test_a_terminal_is_given_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """States alone, and not a text of the same letters; none with NO_COLOR."""
    table = Table(("id", "state"), [("faulted", ShardState.FAULTED)])
    assert 1 == shown(table, monkeypatch).count("31mfaulted")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in shown(table, monkeypatch)


def test_nothing_hostile_reaches_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its own codes nor the markup of rich, links and emoji among it."""
    text = f"{HOSTILE.id}[link=http://x]:boom:[/link]"
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    printed = shown(Table(("name",), [(text,)]), monkeypatch)
    assert "[link=http://x]:boom:[/link]" in printed
    assert "\\x1b[2J" in printed
    assert "\x1b[2J" not in printed


@given(st.text())
def test_any_text_becomes_one_harmless_line(text: str) -> None:
    """Whatever it is; what can be printed stays as it is."""
    assert visible(text).isprintable()
    assert text == visible(text) or not text.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (1.25, "1.2"),
        (datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC), "2026-01-02 03:04:05.678Z"),
        (ShardState.LIVE, "live"),
        ("a\nb", "a\\nb"),
    ],
)
def test_values_are_written_in_one_way(value: object, text: str) -> None:
    """In every table."""
    assert text == said(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (3700, "1 h 1 min"),
     (90_000, "1 d 1 h")],
)  # fmt: skip
def test_time_spans_are_short(seconds: float | None, text: str) -> None:
    """Two units."""
    assert text == duration(seconds)


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """So that no terminal and no locale matters."""
    as_json({"id": UUID(int=1), "text": HOSTILE.id, "pair": (1, 2)})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert is_harmless(printed)
    assert HOSTILE.id == json.loads(printed)["text"]


@pytest.mark.databases("postgresql")
def test_status_is_watched(bank: EventStore, shell: Shell) -> None:
    """Again and again, a line of JSON each where no terminal is; Ctrl-C ends it cleanly."""
    deposits(bank, ADA)
    registered(bank)
    process = shell.start("status", "--watch", "--json", "--interval", 0.1)
    try:
        assert process.stdout is not None
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        assert "balances" == first["consumers"][0]["name"] == second["consumers"][0]["name"]
        process.send_signal(2)
        assert (0, "") == (process.wait(60), process.stderr.read() if process.stderr else None)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.databases("sqlite")
def test_a_reader_that_goes_away_is_no_error(bank: EventStore, shell: Shell) -> None:
    """As `| head -1` does."""
    for _ in range(40):
        deposits(bank, ADA, 100)
    process = shell.start("tail", "--json", "-n", 4000)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert "" == process.stderr.read()
    process.stderr.close()
    process.wait(60)
