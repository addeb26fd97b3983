"""The worker process that the docs tell to copy ends as they say."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sourcery import EventStore
from tests.docs.test_blocks import ROOT, blocks
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.support import all_rows_of

PAGE = ROOT / "docs/how-to/scale-a-consumer.md"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in a file."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def worker(tmp_path: Path, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The page's first block, which declares the events, and the worker below it."""
    events, main = blocks(PAGE)[:2]
    script = tmp_path / "worker.py"
    script.write_text(events + main.replace("postgresql://shop@db.example/shop", url))
    with EventStore(url) as store:
        store.upgrade()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environment) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_gives_the_lease_back(
    url: str, worker: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    """At once, and the process says that all is well."""
    with EventStore(url) as store:
        wait_until(lambda: [r for r in all_rows_of(store, "invoices") if r.owner])
        worker.send_signal(number)
        assert 0 == worker.wait(DEADLINE)
        assert [None] == [row.owner for row in all_rows_of(store, "invoices")]
