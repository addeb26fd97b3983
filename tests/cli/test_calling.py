"""Where the database is said, and what becomes of errors."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sourcery import EventStore
from sourcery.cli import main
from tests.cli.support import Shell, outside
from tests.control.support import deposits
from tests.domain import ADA

APP = """
from sourcery import EventStore
from tests.domain import Account

def make():
    return EventStore({url!r}, aggregates=[Account])

store = make()
"""


def revision(**variables: str) -> int:
    """Exit status of a command that needs a database, in the working directory."""
    return CliRunner().invoke(main, ["current"], env=variables).exit_code


def test_a_database_is_said_in_five_places(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options before and behind the command, environment, two files; the first one counts."""
    wrong = "sqlite:///nowhere.db"
    assert 2 == revision()
    (tmp_path / "pyproject.toml").write_text(f"[tool.sourcery]\ndatabase = '{shell.url}'\n")
    assert 0 == revision()
    (tmp_path / "sourcery.toml").write_text(f"database = '{wrong}'\n")
    assert 1 == revision()
    assert 0 == revision(SOURCERY_DATABASE_URL=shell.url)
    monkeypatch.setenv("SOURCERY_DATABASE_URL", wrong)
    for words in (["--database", shell.url, "current"], ["current", "--database", shell.url]):
        assert 0 == CliRunner().invoke(main, words).exit_code


@pytest.mark.parametrize("attribute", ["store", "make"])
def test_a_store_of_the_program_is_used(
    bank: EventStore, shell: Shell, tmp_path: Path, attribute: str
) -> None:
    """The object, or what a function makes; the working directory is looked in."""
    deposits(bank, ADA)
    module = f"shop_{attribute}_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(APP.format(url=shell.url))
    result = CliRunner().invoke(main, ["--app", f"{module}:{attribute}", "tail"])
    assert (0, True) == (result.exit_code, "account.deposited" in result.stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--app", "nothing:store"], "there is no module 'nothing'"),
        (["--app", "tests.domain:store"], "has no 'store'"),
        (["--app", "tests.domain"], "is not of the form module:attribute"),
        (["--app", "tests.domain:ADA"], "is no EventStore"),
        (["--app", "tests.domain:ADA", "--database", "sqlite:///x.db"], "say --database or --app"),
        (["--database", "sqlite://"], "name a file"),
        ([], "no database: say --database URL"),
    ],
)
def test_a_wrong_call_says_what_to_say(words: list[str], said: str) -> None:
    """With exit status 2."""
    result = CliRunner().invoke(main, [*words, "current"])
    assert (2, True) == (result.exit_code, said in result.stderr)


@pytest.mark.parametrize("text", ["tables = 1\n", "database = 1\n", "[[[", "databas = 'x'\n"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    """What nobody would read is not passed over."""
    (tmp_path / "sourcery.toml").write_text(text)
    result = CliRunner().invoke(main, ["current"])
    assert (2, True) == (result.exit_code, "sourcery.toml" in result.stderr)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is not a database URL"),
        ("oracle://u:secret@h/d", "no dialect for 'oracle'"),
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be reached (connection failed"),
        ("mariadb://u:secret@127.0.0.1:1/d", "cannot be reached ((2003"),
        ("sqlite:///missing.db", "there is no file missing.db"),
    ],
)
def test_a_database_that_is_not_there(url: str, said: str) -> None:
    """One line, exit status 1, no traceback, no password, and SQLite makes no file."""
    result = CliRunner().invoke(main, ["--database", url, "status"])
    assert (1, True) == (result.exit_code, said in result.stderr)
    assert "secret" not in result.output
    assert "Traceback" not in result.output
    assert not Path("missing.db").exists()


def test_what_nobody_expected_is_one_line_as_well(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its class, and how to see more."""

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("one\n\x1b[2Jtwo")

    monkeypatch.setattr("sourcery.cli.schema.schema_state", breaks)
    error = shell.error("current")
    assert "Error: ZeroDivisionError: one\n\\x1b[2Jtwo\nHint: --debug" in error


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb", "oracle", "sqlite"])
def test_a_short_password_changes_no_words(scheme: str) -> None:
    """It is a part of most of them."""
    errors = {
        password: CliRunner().invoke(
            main, ["--database", f"{scheme}://u:{password}@127.0.0.1:1/d", "status"]
        )
        for password in ("a", "e", "secret")
    }
    assert 1 == len({result.stderr for result in errors.values()})
    assert "***" not in errors["a"].stderr.replace("u:***@", "")


@pytest.mark.parametrize("quoted", ["at u:a@host", "password=a host=b", "password='a'"])
def test_a_short_password_is_hidden_where_one_stands(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, quoted: str
) -> None:
    """In a URL, or among the parameters that a driver quotes."""

    def breaks(*_: object) -> None:
        raise ValueError(f"what a driver has {quoted}")

    monkeypatch.setattr("sourcery.cli.schema.schema_state", breaks)
    result = CliRunner().invoke(main, ["--database", "postgresql://u:a@h/d", "current"])
    masked = quoted.replace(":a@", ":***@").replace("=a ", "=*** ").replace("'a'", "'***'")
    assert f"what a driver has {masked}\n" in result.stderr


def test_debug_shows_the_traceback() -> None:
    """For who reports a bug."""
    url = "postgresql://u:secret@127.0.0.1:1/d"
    result = CliRunner().invoke(main, ["--debug", "--database", url, "status"])
    assert "DatabaseUnavailable" == type(result.exception).__name__


def test_a_program_that_fails_to_import_is_told(tmp_path: Path) -> None:
    """With its own error."""
    (tmp_path / "broken_shop.py").write_text("import not_installed_at_all\n")
    result = CliRunner().invoke(main, ["--app", "broken_shop:store", "current"])
    assert (1, True) == (result.exit_code, "No module named 'not_installed" in result.stderr)


def test_the_module_is_the_command() -> None:
    """`python -m sourcery`; the command that pip makes is tested with the wheel."""
    done = outside("-m", "sourcery", "--version")
    assert (0, "sourcery, version 0.1.0") == (done.returncode, done.stdout.strip())
