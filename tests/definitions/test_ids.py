"""Event ids: UUID version 7."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from sourcery import ids
from sourcery.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    """By its version and its variant."""
    made = new_id()
    assert (7, RFC_4122) == (made.version, made.variant)


def test_an_id_begins_with_the_time_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of RFC 9562: 22 February 2022, 19:22:22 UTC."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_645_557_742_000_999_999)
    assert "017f22e2-79b0-7" == str(new_id())[:15]


def test_ids_sort_by_the_time_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """As UUIDs and as text, whatever the random part is."""
    times = iter(range(0, 2**42, 2**32))
    monkeypatch.setattr(ids.time, "time_ns", lambda: next(times) * 1_000_000)
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert made == sorted(made, key=str)


def test_ids_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """74 bits are random, and every one of them is used."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    made = [new_id().int for _ in range(1000)]
    always, ever = made[0], 0
    for number in made:
        always, ever = always & number, ever | number
    assert 1000 == len(set(made))
    assert 74 == (ever & ~always).bit_count()


def make(count: int) -> list[UUID]:
    """So many ids."""
    return [new_id() for _ in range(count)]


FORKING = """
import os, time
time.time_ns = lambda: 0
from sourcery.ids import new_id
new_id()
if child := os.fork():
    os.waitpid(child, 0)
print(*[new_id() for _ in range(200)], flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_a_child_process_makes_other_ids_than_its_parent() -> None:
    """Random bits are fetched for several ids at once, and a fork must not copy those left."""
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, check=True)
    assert 400 == len(set(done.stdout.split()))


def test_threads_are_never_given_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though they take random bits from one place."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    with ThreadPoolExecutor(4) as pool:
        made = [id for part in pool.map(make, [2000] * 4) for id in part]
    assert 8000 == len(set(made))
