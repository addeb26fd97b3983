"""A temporary folder that goes away with pytest, even when pytest is killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.databases import guard

DEADLINE = 60.0


class GuardedFolder:
    """A new folder and the process that removes it, and ends the server in it."""

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"sourcery-{name}-")).resolve()
        # Its own session: Ctrl-C on the terminal must not end it before the server.
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(self.path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        """Say which process works in the folder now; 0 is none."""
        assert self._guard.stdin is not None
        self._guard.stdin.write(b"%d\n" % pid)
        self._guard.stdin.flush()

    def remove(self) -> None:
        """End the process in it, if there is one, and delete it."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(DEADLINE)
