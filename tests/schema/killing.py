"""Upgrades in processes of their own that are killed, by SIGKILL, at one of their statements."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import URL

#: Imports once, then forks for each upgrade, which ends itself before a statement or its COMMIT.
PROGRAM = """
import os, signal, sys, traceback
import alembic.autogenerate, alembic.command, alembic.config
import sourcery.migrations
from sqlalchemy import Engine, event
from sourcery import EventStore

def upgrade(number, url):
    def count(*_):
        nonlocal number
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    with EventStore(url) as store:
        store.upgrade()

for line in sys.stdin:
    number, url = line.split()
    child = os.fork()
    if child == 0:
        try:
            upgrade(int(number), url)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Killed:
    """Upgrades one database after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def at(self, number: int, url: URL) -> bool:
        """Upgrade, and die before the statement of this number; False if there were fewer."""
        assert self._process.stdin
        assert self._process.stdout
        print(number, url.render_as_string(hide_password=False), file=self._process.stdin)
        self._process.stdin.flush()
        ended = self._process.stdout.readline().strip()
        assert ended in ("0", str(-signal.SIGKILL)), "the upgrade failed: see above"
        return ended != "0"


@contextmanager
def killing() -> Generator[Killed]:
    """The process that forks."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Killed(process)
        finally:
            process.kill()
