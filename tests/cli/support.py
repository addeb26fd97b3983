"""Running commands as a user does, in this process or in one of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from click.testing import CliRunner, Result

from sourcery import Stream
from sourcery.cli import main

ROOT = Path(__file__).parents[2]
#: Seconds until something that should happen counts as not happening.
PATIENCE = 60.0
#: A stream that would clear the screen, colour it red and turn text around, if a terminal saw it.
HOSTILE = Stream("acc[bold]ount", "\x1b[2J\x1b[31mevil\r\n[red]x[/red]\u202e")
UNSEEN = ("\x1b", "\r", "\u202e", "\x07")


@frozen
class Shell:
    """Runs commands on one database."""

    url: str

    def run(self, *words: object, input: str | None = None, code: int = 0) -> Result:
        """Run one that ends with this exit status."""
        arguments = ["--database", self.url, *map(str, words)]
        result = CliRunner().invoke(main, arguments, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code == result.exit_code, result.output
        return result

    def text(self, *words: object, code: int = 0) -> str:
        """What it prints."""
        return self.run(*words, code=code).stdout

    def json(self, *words: object, code: int = 0) -> Any:
        """What it answers."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def error(self, *words: object, code: int = 1) -> str:
        """What it says instead of an answer."""
        result = self.run(*words, code=code)
        assert "Traceback" not in result.output
        return result.stderr

    def start(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """Run one in a process of its own."""
        environment = os.environ | {"SOURCERY_DATABASE_URL": self.url, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "sourcery", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | options.pop("env", {}),
            **options,
        )


def outside(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command without a database, in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | variables,
    )


def wait_until(happened: Callable[[], object]) -> None:
    """Look again and again; an error when it does not happen."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def is_harmless(text: str) -> bool:
    """Whether nothing in it would be obeyed by a terminal."""
    return not any(c in text for c in UNSEEN)
