"""End a server and remove its folder when the process that started it is gone.

Run as a process of its own, beside each server. It reads process ids from its
standard input, one a line, the last one being the server now running (0: none).
The input ends when pytest closes it or dies, in whatever way: then the work is done.
The standard library is all it uses.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

DEADLINE = 30.0


def kill_tree(pid: int) -> None:
    """Kill a process and all it started, at once; return when all have ended.

    Where there is no ``/proc`` only the process itself is killed; the processes
    of a PostgreSQL server then end by themselves.
    """
    doomed: list[int] = []
    _freeze(pid, doomed)
    for each in doomed:
        _send(each, signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE
    while any(_runs(each) for each in doomed) and time.monotonic() < deadline:
        time.sleep(0.005)


def signal_tree(pid: int, what: signal.Signals) -> None:
    """Send a signal to a process and to all it started."""
    _send(pid, what)
    for child in _children(pid):
        signal_tree(child, what)


def _freeze(pid: int, found: list[int]) -> None:
    """Stop a process before looking for its children, so that it starts no others."""
    if not _send(pid, signal.SIGSTOP):
        return
    found.append(pid)
    for child in _children(pid):
        _freeze(child, found)


def _send(pid: int, what: signal.Signals) -> bool:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


def _children(parent: int) -> list[int]:
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if _status(pid)[1] == str(parent)]


def _runs(pid: int) -> bool:
    """Whether it runs: a zombie, which waits for its parent to notice, does not."""
    return _status(pid)[0] not in {"", "Z", "X"}


def _status(pid: int) -> tuple[str, str]:
    """Give the state and the parent of a process, two empty strings if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", ""
    state, parent = text.rpartition(")")[2].split()[:2]  # the name before may hold blanks
    return state, parent


def main(folder: str) -> None:
    """Wait for the end of the input, then kill and remove."""
    pid = 0
    for line in sys.stdin:
        pid = int(line)
    if pid:
        kill_tree(pid)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
