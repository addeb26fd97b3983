"""The reference of the command line says what the commands say."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sourcery.cli import main
from tests.docs.command_line import leaves, page

ROOT = Path(__file__).parents[2]
COMMANDS = dict(leaves(main, "sourcery"))
HOW_TO = ROOT / "docs" / "how-to" / "operate-with-the-command-line.md"


def test_the_reference_is_up_to_date() -> None:
    """`python -m tests.docs.command_line > docs/reference/command-line.md` makes it."""
    assert page() == (ROOT / "docs" / "reference" / "command-line.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_explained(name: str) -> None:
    """It has help, so has each of its options, and the how-to page names it."""
    command = COMMANDS[name]
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert command.help
    assert [] == [option.name for option in options if not option.help]
    assert name in HOW_TO.read_text()
    result = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert (0, True) == (result.exit_code, result.stdout.startswith("Usage: "))
