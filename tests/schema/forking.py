"""Programs of one release in processes of their own, which need not import it again."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

#: Imports once, then forks for each program. It has one thread, so a fork has all of it.
_SERVER = """
import contextlib, json, os, sys, traceback
import alembic.autogenerate, alembic.command, alembic.config
import sourcery, sourcery.migrations
for driver in ("psycopg", "pymysql"):
    with contextlib.suppress(ImportError):
        __import__(driver)

def work(job):
    for number, name in (1, "said"), (2, "complaint"):
        os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["-c", *job["arguments"]]
    try:
        exec(job["program"], {"__name__": "__main__"})
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        work(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its status, or minus the signal, and what it printed."""

    status: int
    said: str
    complaint: str


class Forking:
    """The process that forks; it starts with the first program."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, program: str, *arguments: str) -> Ended:
        """Run a program to its end."""
        with TemporaryDirectory() as folder:
            said, complaint = Path(folder, "said"), Path(folder, "complaint")
            job = {"program": program, "arguments": arguments}
            files = {"said": str(said), "complaint": str(complaint)}
            status = self._ask(json.dumps(job | files))
            return Ended(status, said.read_text(), complaint.read_text())

    def _ask(self, line: str) -> int:
        process = self._process
        assert process.stdin
        assert process.stdout
        print(line, file=process.stdin, flush=True)
        return int(process.stdout.readline())

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End it, if it was started."""
        if "_process" in self.__dict__:
            with self._process as process:
                process.kill()
