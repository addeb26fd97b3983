"""States above 1 KiB are compressed where zstd is there, and no process stumbles over that."""

import pytest

from sourcery import EventStore, always, every
from sourcery.snapshots import packing
from sourcery.snapshots.packing import THRESHOLD, Packing
from tests.databases import Database
from tests.snapshots.domain import Added, counting, rows, tally, warnings, work

pytestmark = [
    pytest.mark.promise(33),
    pytest.mark.skipif(packing._find_zstd() is None, reason="install the extra zstd"),
]

CLS = tally(always())
MANY = [Added(1)] * THRESHOLD


def stored(store: EventStore) -> tuple[str, int]:
    """How the state is coded, and its bytes."""
    [(codec, state)] = rows(store, "codec", "state")
    return codec, len(state)


def test_a_large_state_is_stored_smaller(store: EventStore) -> None:
    """And comes back."""
    work(store, CLS, *MANY)
    codec, size = stored(store)
    assert ("json+zstd", True) == (codec, size < THRESHOLD / 4)
    counted = counting(store)
    assert ([1] * THRESHOLD, 1) == (store.load(CLS, "t").amounts, counted.unpacked)


def test_a_small_state_is_stored_as_it_is(store: EventStore) -> None:
    """JSON can be read by anybody."""
    work(store, CLS, 1, 2)
    [(codec, state)] = rows(store, "codec", "state")
    assert ("json", b'{"total":3,"amounts":[1,2]}') == (codec, bytes(state))


@pytest.mark.parametrize(("length", "codec"), [(0, "json"), (1, "json+zstd")])
def test_the_threshold_is_exact(length: int, codec: str) -> None:
    """Above 1 KiB, not at it."""
    aggregate = tally(always())()
    empty = len(Packing().pack(aggregate)[1])
    amounts = (THRESHOLD + 1 - empty) // 2
    aggregate.amounts = [1] * amounts  # each is a digit and, but for one, a comma
    missing = THRESHOLD - len(Packing()._codec.dumps(aggregate)) + length
    aggregate.total = 10**missing
    assert (THRESHOLD + length, codec) == (
        len(Packing()._codec.dumps(aggregate)),
        Packing().pack(aggregate)[0],
    )


@pytest.fixture
def elsewhere(database: Database, monkeypatch: pytest.MonkeyPatch) -> EventStore:
    """A process without zstd."""
    monkeypatch.setattr(packing, "_find_zstd", lambda: None)
    return EventStore(database.url)


def test_a_process_without_zstd_keeps_what_it_cannot_read(
    store: EventStore, elsewhere: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """It replays, warns once for all streams, and leaves the rows to those that read them."""
    for id in "ab":
        work(store, CLS, *MANY, id=id)
    before = rows(store, "owner_id", "version", "codec", "state")
    for id in "ab":
        for _ in range(2):
            assert THRESHOLD == work(elsewhere, tally(every(10**6)), id=id).total
    [said] = warnings(caplog)
    assert "coded by 'json+zstd', which this process cannot read" in said
    assert before == rows(store, "owner_id", "version", "codec", "state")
    elsewhere.close()


def test_a_process_without_zstd_stores_plain_json(store: EventStore, elsewhere: EventStore) -> None:
    """Which all others read."""
    work(elsewhere, CLS, *MANY)
    codec, size = stored(store)
    assert ("json", True) == (codec, size > THRESHOLD)
    counted = counting(store)
    assert (THRESHOLD, 1) == (store.load(CLS, "t").total, counted.unpacked)
    elsewhere.close()
