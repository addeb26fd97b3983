"""Snapshots that are of no use: passed over, reported once, replaced."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from sourcery import EventStore, every, never
from sourcery.schema import events
from sourcery.snapshots.packing import _find_zstd
from sourcery.testing.conformance.tallies import (
    counting,
    kept,
    rows,
    set_in_all,
    tally,
    warnings,
    work,
)

pytestmark: object = pytest.mark.promise(33)

CLS = tally(every(5))
#: Of an extra, which need not be installed.
zstd: Any = _find_zstd()
Damage = Callable[[EventStore], None]


def as_state(state: bytes, codec: str = "json") -> Damage:
    """Put other bytes there."""
    return lambda store: set_in_all(store, state=state, codec=codec)


def truncate(store: EventStore) -> None:
    """Cut the end off."""
    [(state,)] = rows(store, "state")
    set_in_all(store, state=bytes(state)[:-3])


def damage_zstd(store: EventStore) -> None:
    """Compressed, and then changed in the middle."""
    packed = zstd.compress(b'{"total":15}' * 100)
    set_in_all(store, state=packed[:8] + b"\0\0\0" + packed[11:], codec="json+zstd")


DAMAGES: Any = {
    "no-json": as_state(b"\xff\x00"),
    "empty": as_state(b""),
    "null": as_state(b"null"),
    "list": as_state(b"[]"),
    "no-field": as_state(b"{}"),
    "field-missing": as_state(b'{"total":99}'),
    "field-more": as_state(b'{"total":99,"amounts":[],"more":1}'),
    "field-of-another-type": as_state(b'{"total":"x","amounts":[]}'),
    "truncated": truncate,
}
if zstd is not None:
    DAMAGES["zstd"] = damage_zstd
    DAMAGES["no-zstd"] = as_state(b'{"total":99,"amounts":[]}', "json+zstd")


def forget_events(store: EventStore, above: int) -> None:
    """As a backup that was restored does."""
    with store.engine.connect() as connection:
        connection.execute(delete(events).where(events.c.version > above))
        connection.commit()


def restored(store: EventStore) -> None:
    """The snapshot is ahead of its stream."""
    forget_events(store, above=3)


def rewritten(store: EventStore) -> None:
    """After the restore the stream went another way, up to the same version."""
    forget_events(store, above=3)
    work(store, tally(), 10, 20)


def rewritten_further(store: EventStore) -> None:
    """And beyond it."""
    forget_events(store, above=3)
    work(store, tally(), 10, 20, 30)


LOST = {
    "restored": (restored, [1, 2, 3]),
    "rewritten": (rewritten, [1, 2, 3, 10, 20]),
    "rewritten-further": (rewritten_further, [1, 2, 3, 10, 20, 30]),
}


@pytest.fixture
def five(store: EventStore) -> EventStore:
    """A stream of five events with a snapshot of all."""
    work(store, CLS, 1, 2, 3, 4, 5)
    assert [5] == kept(store)
    return store


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_is_replaced(
    five: EventStore, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is replayed; one warning, without a byte of it; the next offer is stored."""
    damage(five)
    for _ in range(2):
        assert [1, 2, 3, 4, 5] == five.load(CLS, "t").amounts
    [said] = warnings(caplog)
    assert "aggregate:tally 't' has a snapshot that is damaged (" in said
    assert "99" not in said
    work(five, CLS)
    assert [5] == kept(five)
    counted = counting(five)
    assert ([1, 2, 3, 4, 5], 1) == (five.load(CLS, "t").amounts, counted.unpacked)
    assert 1 == len(warnings(caplog))


@pytest.mark.parametrize(("damage", "amounts"), LOST.values(), ids=LOST)
def test_one_of_lost_history_is_not_used(
    five: EventStore, damage: Damage, amounts: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither for the present nor for the past."""
    damage(five)
    assert amounts == five.load(CLS, "t").amounts
    assert amounts[:2] == five.load(CLS, "t", version=2).amounts
    assert amounts[:-1] == five.load(CLS, "t", version=len(amounts) - 1).amounts
    [said] = warnings(caplog)
    assert "has a snapshot whose last event is not in the stream" in said


@pytest.mark.parametrize(("damage", "amounts"), LOST.values(), ids=LOST)
def test_one_of_lost_history_is_replaced(
    five: EventStore, damage: Damage, amounts: list[int]
) -> None:
    """Also by an older one."""
    damage(five)
    assert five.snapshot(CLS, "t")
    assert [len(amounts)] == kept(five)
    counted = counting(five)
    assert (amounts, 1) == (five.load(CLS, "t").amounts, counted.unpacked)


def test_one_of_lost_history_goes_when_none_is_due(five: EventStore) -> None:
    """Or every load would fold it in vain."""
    restored(five)
    work(five, CLS)
    assert [] == kept(five)


@pytest.mark.parametrize("damage", [*DAMAGES.values(), restored], ids=[*DAMAGES, "restored"])
def test_one_of_another_shape_is_not_even_decoded(
    five: EventStore, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is in it; it stays for the release that can read it."""
    damage(five)
    counted, other = counting(five), tally(never(), version=2)
    amounts = five.load(tally(), "t").amounts
    assert [amounts] * 2 == [five.load(other, "t").amounts for _ in range(2)]
    assert 0 == counted.unpacked
    [said] = warnings(caplog)
    assert "has snapshots of another shape of the class only" in said
    five.snapshot(other, "t")
    assert [5, len(amounts)] == kept(five)


def test_of_many_streams_of_another_shape_one_warning_is_made(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A release changes the shape of a million streams at once."""
    for id in "abc":
        work(store, CLS, *[1] * 5, id=id)
    for id in "abc":
        store.load(tally(never(), version=2), id)
    assert 1 == len(warnings(caplog))


def test_a_codec_that_is_not_known_here_stays(
    five: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process, with more installed, wrote it and reads it."""
    as_state(b"\x80\x04N.", "pickle")(five)
    for _ in range(2):
        assert [1, 2, 3, 4, 5] == work(five, CLS).amounts
    [said] = warnings(caplog)
    assert "coded by 'pickle', which this process cannot read" in said
    assert [("pickle",)] == rows(five, "codec")


def test_the_check_of_the_last_event_is_needed(
    five: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: without it the snapshot is wrong for ever."""
    from sourcery.loading import Loading

    rewritten(five)
    monkeypatch.setattr(Loading, "_is_proved", lambda *_: True)
    assert [1, 2, 3, 4, 5] == five.load(CLS, "t").amounts
