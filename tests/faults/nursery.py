"""The parent of workers: it has imported everything, so that a new one begins at once.

Run as `python -m tests.faults.nursery`. It reads commands from its standard input, a JSON object
each line, and answers each with a line; its children say what they do on the same output. When
the input ends, whoever closed it, it kills all children.
"""

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from attrs import define, field

from tests.faults import worker as _imported_for_its_children  # noqa: F401


@define
class Nursery:
    """Forks workers, signals them, and buries them."""

    #: Of every child: "running", "stopped", or the code it ended with.
    states: dict[int, str | int] = field(factory=dict[int, str | int])

    def start(self, spec: dict[str, Any], module: str) -> int:
        """A new worker of a module; its process id."""
        kind = import_module(module)
        child = os.fork()
        if child == 0:
            _be_a_worker(partial(kind.live, kind.Spec(**spec)))
        self.states[child] = "running"
        return child

    def look(self, pid: int) -> str | int:
        """The state of a child. An ended one keeps its number until it is looked at."""
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        while self.is_alive(pid) and (status := os.waitpid(pid, flags))[0]:
            self.states[pid] = _state(status[1])
        return self.states[pid]

    def send(self, pid: int, number: int) -> str | int:
        """Signal a child that has not ended; its state before."""
        state = self.look(pid)
        if self.is_alive(pid):
            os.kill(pid, number)
        return state

    def is_alive(self, pid: int) -> bool:
        """Whether it has not ended, as far as was looked."""
        return self.states[pid] in ("running", "stopped")

    def end(self) -> None:
        """Kill all."""
        for pid in list(self.states):
            self.send(pid, signal.SIGKILL)


def _state(status: int) -> str | int:
    if os.WIFSTOPPED(status):
        return "stopped"
    if os.WIFCONTINUED(status):
        return "running"
    return os.waitstatus_to_exitcode(status)


def _be_a_worker(live: Callable[[Callable[[str], None]], None]) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        live(lambda what: _tell(pid=os.getpid(), says=what))
        code = 0
    except BaseException:  # noqa: BLE001 - it must never go on as a second nursery
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _tell(**what: Any) -> None:
    """One write: lines of several processes do not mix."""
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Obey until the input ends."""
    logging.basicConfig(format="%(process)d %(message)s")
    nursery = Nursery()
    try:
        for line in sys.stdin:
            command = json.loads(line)
            _tell(answer=getattr(nursery, command.pop("do"))(**command))
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
