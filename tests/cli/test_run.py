"""`run`: workers under signals and failures."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define, field

from sourcery import Consumer, EventStore, UnitOfWork
from sourcery.cli.supervising import Supervisor
from sourcery.errors import ConsumerMismatch, ConsumerNotFound
from tests.cli import program
from tests.cli.support import Shell, wait_until
from tests.control.support import deposits
from tests.domain import ADA, BOB

EVERYTHING = "tests.cli.program:everything"


@define(eq=False)
class Unsteady:
    """A worker that fails so often, then works until it is stopped."""

    failures: int
    error: Exception = field(factory=lambda: RuntimeError("no"))
    runs: int = 0
    hangs: bool = False
    works: threading.Event = field(factory=threading.Event)

    def run(self, stop: threading.Event | None = None) -> None:
        """Fail, or wait."""
        self.runs += 1
        if self.runs <= self.failures:
            raise self.error
        self.works.set()
        assert stop is not None
        (threading.Event() if self.hangs else stop).wait()


def supervised(*workers: Unsteady, **options: float) -> Supervisor:
    """One that waits hardly."""
    named = [(f"worker {n}", worker) for n, worker in enumerate(workers)]
    return Supervisor(named, **({"wait": 0.001} | options))  # type: ignore[arg-type]


def ended(supervisor: Supervisor, *workers: Unsteady) -> int:
    """Let it run until its workers work, then send the signal that a platform sends."""

    def end() -> None:
        for worker in workers:
            worker.works.wait(60)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    try:
        return supervisor.run()
    finally:
        thread.join()


def test_a_failed_worker_is_started_again() -> None:
    """While the other one works on."""
    first, second = Unsteady(3), Unsteady(0)
    assert 0 == ended(supervised(first, second), first, second)
    assert (4, 1) == (first.runs, second.runs)


def test_too_many_failures_end_all() -> None:
    """With exit status 1, and the others drained."""
    first, second = Unsteady(1000), Unsteady(0)
    assert 1 == supervised(first, second, attempts=5).run()
    assert (5, 1) == (first.runs, second.runs)


def test_a_wrong_program_ends_at_once() -> None:
    """Starting it again would not help."""
    mismatch = ConsumerMismatch("audit", "shards", 1, 3, "reshard")
    worker = Unsteady(1000, mismatch)
    assert (1, 1) == (supervised(worker).run(), worker.runs)


def test_a_worker_that_does_not_finish_is_left() -> None:
    """After the time to drain."""
    worker = Unsteady(0, hangs=True)
    assert 1 == ended(supervised(worker, drain=0.1), worker)


def test_handlers_of_signals_are_given_back() -> None:
    """Whoever called it has its own again."""
    before = signal.getsignal(signal.SIGTERM)
    supervised(Unsteady(1000), attempts=1).run()
    assert before is signal.getsignal(signal.SIGTERM)


@pytest.fixture
def running(bank: EventStore, shell: Shell, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The program's workers in a process of their own."""
    variables = {program.URL: shell.url, "PROGRAM_FILE": str(tmp_path / "sent.jsonl")}
    process = shell.start("run", EVERYTHING, env=variables)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def handled(bank: EventStore, name: str) -> int:
    """How far a consumer is; 0 before its first run."""
    try:
        return Consumer(bank, name).health().position
    except ConsumerNotFound:
        return 0


def owners(bank: EventStore) -> list[str | None]:
    """Who has the shards."""
    names = ("audit", "relay:payments", "balances@1")
    return [shard.owner for name in names for shard in Consumer(bank, name).health().shards]


def test_workers_run_until_a_signal(
    bank: EventStore, running: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Subscriber, relay and read model work; then leases are given back, and the status is 0."""
    deposits(bank, ADA, 3)
    with UnitOfWork(bank) as uow:
        uow.publish("payments", payload=1)
    for name in ("audit", "relay:payments", "balances@1"):
        wait_until(lambda name=name: handled(bank, name) >= 3)
    wait_until((tmp_path / "sent.jsonl").exists)
    running.send_signal(signal.SIGTERM)
    assert 0 == running.wait(60)
    assert [None, None, None] == owners(bank)


@pytest.mark.databases("postgresql")
def test_a_killed_process_is_replaced(
    bank: EventStore, shell: Shell, running: subprocess.Popen[str], tmp_path: Path
) -> None:
    """What it had not committed is handled by the next, when its lease is over."""
    deposits(bank, ADA, 2)
    wait_until(lambda: handled(bank, "audit") >= 2)
    running.kill()
    running.wait(60)
    deposits(bank, BOB, 2)
    variables = {program.URL: shell.url, "PROGRAM_FILE": str(tmp_path / "more.jsonl")}
    again = shell.start("run", EVERYTHING, env=variables)
    try:
        wait_until(lambda: handled(bank, "audit") >= 4)
        again.send_signal(signal.SIGINT)
        assert 0 == again.wait(60)
    finally:
        again.kill()
        again.communicate()


@pytest.mark.databases("postgresql")
def test_a_second_signal_ends_at_once(bank: EventStore, running: subprocess.Popen[str]) -> None:
    """With its own status; a killed one is replaced when its lease is over."""
    deposits(bank, BOB)
    wait_until(lambda: handled(bank, "audit") >= 1)
    running.send_signal(signal.SIGSTOP)
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGCONT)
    assert running.wait(60) in (128 + signal.SIGTERM, 128 + signal.SIGINT)


@pytest.mark.databases("sqlite")
def test_a_program_that_does_not_fit_ends_with_its_reason(
    bank: EventStore, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are drained; exit status 1."""
    monkeypatch.setenv(program.URL, shell.url)
    program.audit().drain()
    process = shell.start("run", "tests.cli.program:mismatched")
    _, errors = process.communicate(timeout=60)
    assert (1, True) == (process.returncode, "stored with shards 1" in errors)
    assert "Traceback" not in errors
