"""Upgrades in processes of their own that are killed, by SIGKILL, at one of their statements."""

import signal

from sqlalchemy import URL

from tests.schema.previous_release import Release

#: It ends itself before a statement, or its COMMIT.
PROGRAM = """
import os, signal, sys
from sqlalchemy import Engine, event
from sourcery import EventStore

left = int(sys.argv[2])

def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
event.listen(Engine, "commit", count)
with EventStore(sys.argv[1]) as store:
    store.upgrade()
"""


def killed_at(release: Release, number: int, url: URL) -> bool:
    """Upgrade, and die before the statement of this number; False if there were fewer."""
    ended = release.end(PROGRAM, url, str(number))
    assert ended.status in (0, -signal.SIGKILL), ended.complaint
    return ended.status != 0
