"""States above 1 KiB are compressed where zstd is there, and no process stumbles over that."""

import tracemalloc

import pytest
from sqlalchemy import update

from sourcery import EventStore, always, every
from sourcery.schema import snapshots
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


def test_what_may_not_be_compressed_is_stored_as_it_is(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large state is a state like any other."""
    monkeypatch.setattr(packing, "LARGEST", THRESHOLD)
    work(store, CLS, *MANY)
    assert ("json", THRESHOLD) == (stored(store)[0], store.load(CLS, "t").total)


#: Bytes that are decompressed at most, in these tests.
BOUND = 2**20


def bomb(*, tells_its_size: bool) -> bytes:
    """Very little that would be a hundred times as much as is ever compressed here."""
    zstd = packing._find_zstd()
    size = {zstd.CompressionParameter.content_size_flag: int(tells_its_size)}
    return zstd.compress(b" " * (100 * BOUND), options=size)


@pytest.mark.parametrize("tells_its_size", [True, False])
def test_a_bomb_is_a_damaged_snapshot(
    store: EventStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tells_its_size: bool,
) -> None:
    """It is not blown up beyond a bound, everything is replayed, and it is replaced."""
    monkeypatch.setattr(packing, "LARGEST", BOUND)
    work(store, CLS, *MANY)
    state = bomb(tells_its_size=tells_its_size)
    assert len(state) < BOUND / 10
    with store.engine.begin() as connection:
        connection.execute(update(snapshots).values(state=state, codec="json+zstd"))
    tracemalloc.start()
    assert THRESHOLD == store.load(CLS, "t").total
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5 * BOUND
    assert 1 == len(warnings(caplog))
    assert THRESHOLD == store.load(CLS, "t").total
    assert "json+zstd" == stored(store)[0]


@pytest.mark.parametrize("damage", [slice(-1), slice(0), slice(10, None)])
def test_half_a_frame_is_a_damaged_snapshot(store: EventStore, damage: slice) -> None:
    """And so is one with more behind it."""
    work(store, CLS, *MANY)
    [(state,)] = rows(store, "state")
    for broken in (bytes(state)[damage], bytes(state) * 2):
        with store.engine.begin() as connection:
            connection.execute(update(snapshots).values(state=broken))
        assert THRESHOLD == store.load(CLS, "t").total
