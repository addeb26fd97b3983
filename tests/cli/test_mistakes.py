"""What a person gets wrong at first, and is told in one line."""

import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from sourcery.cli import main
from tests.cli.test_run import Unsteady, ended, supervised

pytestmark = pytest.mark.databases("sqlite")

HERE = "tests.cli.program"


def said(*words: str) -> tuple[int, str]:
    """Exit status, and what is printed: no traceback."""
    result = CliRunner().invoke(main, list(words))
    assert isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def test_a_port_that_is_no_number() -> None:
    """SQLAlchemy's error of it would show the URL in a traceback."""
    code, text = said("--database", "postgresql://u:pa55word@h:port/d", "current")
    assert (1, True) == (code, "is not a database URL" in text)
    assert "pa55word" not in text


@pytest.mark.parametrize("command", ["upgrade", "status"])
def test_a_file_in_a_folder_that_is_not_there(command: str) -> None:
    """`upgrade` makes files, no folders, and `status` must not say that it does."""
    code, text = said("--database", "sqlite:///nothing/shop.db", command)
    assert (1, True) == (code, "there is no folder nothing for shop.db: make it" in text)
    assert not Path("nothing").exists()


@pytest.mark.parametrize("words", [["run", f"{HERE}:handle"], ["--app", f"{HERE}:handle", "tail"]])
def test_a_handler_in_the_place_of_its_subscriber(words: list[str]) -> None:
    """It makes no worker and no store, and is not called to find out."""
    code, text = said(*words)
    assert (2, True) == (code, f"'{HERE}:handle' is no " in text)


def test_an_owner_that_is_none_names_the_three_forms() -> None:
    """Two of them are no module."""
    code, text = said("--database", "sqlite://", "snapshots", "list", "--of", "account")
    assert 2 == code
    assert "'account' is none of aggregate:CATEGORY, projection:NAME and module:Class" in text


def test_a_file_that_is_no_toml_says_where() -> None:
    """Line and column."""
    Path("sourcery.toml").write_text("database =\n")
    code, text = said("current")
    assert (2, True) == (code, "sourcery.toml is no TOML: Invalid value (at line 1" in text)


def test_an_export_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The name that was given is shown, not that of the part."""
    url = f"sqlite:///{tmp_path}/shop.db"
    assert 0 == CliRunner().invoke(main, ["--database", url, "upgrade"]).exit_code
    code, text = said("--database", url, "export", "nothing/log.jsonl")
    assert (2, True) == (code, "there is no folder nothing to write nothing/log.jsonl into" in text)


def test_run_says_that_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    """Silence would look like a program that hangs."""
    worker = Unsteady(0)
    with caplog.at_level(logging.INFO, "sourcery.cli"):
        assert 0 == ended(supervised(worker), worker)
    assert "worker 0: run until SIGTERM or Ctrl-C" == caplog.messages[0]
