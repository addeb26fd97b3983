"""A process that runs one of the modules beside this one."""

import os
import signal
import sys
from subprocess import PIPE, Popen
from types import TracebackType
from typing import Final, Self

from sqlalchemy import URL

#: The name by which it is given the URL of its database: others may read its command line.
URL_NAME: Final = "SOURCERY_CONFORMANCE_URL"
#: Seconds after which a process must have ended by itself.
PATIENCE: Final = 120.0


class Program:
    """One process. It reads and writes lines, and is killed at the end of the block."""

    def __init__(self, module: str, url: URL, *arguments: object) -> None:
        command = [sys.executable, "-m", f"{__package__}.{module}", *map(str, arguments)]
        given = os.environ | {URL_NAME: url.render_as_string(hide_password=False)}
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=given)

    def say(self, *lines: str) -> None:
        """Write lines to it; one that was killed does not hear them."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.writelines(f"{line}\n" for line in lines)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def line(self) -> str:
        """Its next line; empty when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()

    def wait(self) -> int:
        """Wait until it has ended by itself; its exit code, -9 when it was killed."""
        return self._process.wait(PATIENCE)

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL; waits for its end."""
        return self.wait() == -signal.SIGKILL

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


def url_given() -> str:
    """The URL of the database, inside such a process."""
    return os.environ[URL_NAME]
