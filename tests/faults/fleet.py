"""Workers as the tests see them: processes to start, kill, freeze and listen to."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from attrs import asdict, define

from tests.ordering.support import wait_until

#: Seconds after which the nursery must have answered.
DEADLINE = 60.0
_ROOT = Path(__file__).parents[2]


class Fleet:
    """A nursery and the workers in it. All end with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._answers: Queue[Any] = Queue()
        self._said: Counter[tuple[int, str]] = Counter()
        self._asking = Lock()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, spec: Any) -> "Worker":
        """A new worker, whose `live` is beside the class of its spec."""
        module = type(spec).__module__
        return Worker(self, spec, self.ask("start", spec=asdict(spec), module=module))

    def ask(self, what: str, **arguments: Any) -> Any:
        """Have the nursery do something; its answer."""
        line = json.dumps({"do": what, **arguments}).encode() + b"\n"
        with self._asking:
            assert self._process.stdin is not None
            self._process.stdin.write(line)
            self._process.stdin.flush()
            return self._answer()

    def _answer(self) -> Any:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            with suppress(Empty):
                return self._answers.get(timeout=0.5)
            assert self._process.poll() is None, "the nursery has died: see its words"
        raise AssertionError("the nursery does not answer")

    def said(self, pid: int, what: str) -> int:
        """How often a worker said it."""
        return self._said[pid, what]

    @property
    def words(self) -> Counter[tuple[int, str]]:
        """What each process said, in the order of the first time, and how often."""
        return Counter(self._said)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "answer" in told:
                self._answers.put(told["answer"])
            else:
                self._said[told["pid"], told["says"]] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(DEADLINE)
        self._listener.join(DEADLINE)
        self._process.stdout.close()


@define(eq=False)
class Worker:
    """One worker; after `restart` another process."""

    fleet: Fleet
    spec: Any
    pid: int

    @property
    def state(self) -> str | int:
        """The word "running" or "stopped", or the code it ended with: -9 when it was killed."""
        return self.fleet.ask("look", pid=self.pid)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return isinstance(self.state, str)

    def has_said(self, what: str) -> bool:
        """Whether this process said it."""
        return self.fleet.said(self.pid, what) > 0

    def until_said(self, what: str) -> None:
        """Wait for its word."""
        wait_until(lambda: self.has_said(what) or not self.is_alive, DEADLINE)
        assert self.has_said(what), f"ended with {self.state} before it was {what}"

    def kill(self) -> None:
        """End it with SIGKILL; return when it has ended."""
        self._send(signal.SIGKILL)
        wait_until(lambda: not self.is_alive, DEADLINE)

    def stop(self) -> None:
        """End it in good order."""
        self._send(signal.SIGTERM)
        wait_until(lambda: not self.is_alive, DEADLINE)
        assert self.state == 0

    def freeze(self) -> None:
        """Stop all its threads where they are."""
        self._send(signal.SIGSTOP)
        self.until_frozen()

    def until_frozen(self) -> None:
        """Wait until it has stopped itself."""
        wait_until(lambda: self.state == "stopped", DEADLINE)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)
        wait_until(lambda: self.state != "stopped", DEADLINE)

    def restart(self) -> None:
        """Begin anew, in another process."""
        self.pid = self.fleet.start(self.spec).pid

    def _send(self, number: signal.Signals) -> None:
        self.fleet.ask("send", pid=self.pid, number=number.value)
