"""Event ids: UUID version 7."""

from uuid import RFC_4122

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
