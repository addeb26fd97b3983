"""Payloads at the edges: stored faithfully, or refused before anything is written."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from sourcery import EventStore, Metadata, Stream, UnitOfWork, metadata
from sourcery.errors import EncodeError
from sourcery.schema import outbox
from sourcery.testing.conformance.domain import Remarked, append, events_stored, messages_stored
from sourcery.testing.conformance.test_hostile_names import STRANGE

pytestmark: object = pytest.mark.promise(47)

REMARKS = Stream("remark", 1)
MEGABYTES = 10_000_000


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


FAITHFUL = [
    pytest.param([*STRANGE, "", "nul\0inside", "\u0000"], id="text"),
    pytest.param({name: name for name in [*STRANGE, "", "\0"]}, id="keys"),
    pytest.param([2**63 - 1, -(2**63), 2**53 + 1, 0, -1], id="64 bits"),
    pytest.param([1.7976931348623157e308, 5e-324, 0.1, -0.0, 1e16], id="floats"),
    pytest.param([None, True, False, [], {}, [[]], [{}]], id="small"),
    pytest.param(nested(100), id="100 deep"),
]

REFUSED: Any = [
    "\ud800",
    {"\udfff": 1},
    [1, {"x": float("nan")}],
    float("inf"),
    2**63,
    -(2**63) - 1,
    10**5000,
    nested(5_000),
    nested(200_000),
    datetime(2026, 1, 1),  # noqa: DTZ001 - the point
    object(),
    len,
    {1: "number"},
]


@pytest.mark.parametrize("value", FAITHFUL)
def test_json_comes_back_as_it_was(bank: EventStore, value: object) -> None:
    """To the last digit and character."""
    append(bank, REMARKS, [Remarked("here", extra=value)])
    [found] = bank.read(REMARKS, events=Remarked)
    assert repr(value) == repr(found.event.extra)


def test_what_json_cannot_hold_is_refused(bank: EventStore) -> None:
    """As an event and as a message; nothing is written."""
    with UnitOfWork(bank) as uow:
        uow.publish("good", payload=1)
        for value in REFUSED:
            with pytest.raises(EncodeError) as caught:
                uow.append(REMARKS, [Remarked("fine"), Remarked("here", extra=value)])
            assert "remark.made" == caught.value.kind
            assert caught.value.path.startswith("extra")
            with pytest.raises(EncodeError, match="payments"):
                uow.publish("payments", payload=value)
    assert (0, 1) == (events_stored(bank), messages_stored(bank))


@pytest.mark.parametrize("character", ["x", "猫", '"'])
def test_ten_megabytes_come_back(bank: EventStore, character: str) -> None:
    """Or are refused: escaped, they may be more than the server takes in one statement."""
    text = character * (MEGABYTES // len(character.encode()))
    try:
        append(bank, REMARKS, [Remarked(text)])
    except EncodeError:
        assert ("mariadb", 0) == (bank.engine.dialect.name, events_stored(bank))
    else:
        [found] = bank.read(REMARKS, events=Remarked)
        assert text == found.event.text


@pytest.mark.parametrize("payload", [bytes(range(256)), b"\0" * MEGABYTES, b""])
def test_bytes_of_a_message_are_stored_as_they_are(bank: EventStore, payload: bytes) -> None:
    """Without any coding; or they are refused, as above."""
    try:
        with UnitOfWork(bank) as uow:
            uow.publish("payments", payload=payload)
    except EncodeError:
        assert ("mariadb", 0) == (bank.engine.dialect.name, messages_stored(bank))
    else:
        with bank.engine.connect() as connection:
            assert payload == bytes(connection.scalars(select(outbox.c.payload)).one())


def test_strange_headers_and_metadata_come_back(bank: EventStore) -> None:
    """Whatever text they are."""
    text = "\0".join(STRANGE)
    with metadata(actor=text, correlation_id=""), UnitOfWork(bank) as uow:
        uow.append(REMARKS, [Remarked("here")])
    [found] = bank.read(REMARKS, events=Remarked)
    assert Metadata(actor=text, correlation_id="") == found.metadata


def test_impossible_headers_are_refused(bank: EventStore) -> None:
    """They are text, without lone surrogates, line breaks and other control characters."""
    parts = ("\ud800", 1, "a\r\nb: c", "a\n", "\0", "\x1b[2J", "\x7f", "\x85")
    with UnitOfWork(bank) as uow:
        for headers in [{"a": part} for part in parts] + [{part: "a"} for part in parts]:
            with pytest.raises(EncodeError):
                uow.publish("payments", payload=1, headers=headers)
    assert 0 == messages_stored(bank)


def test_impossible_metadata_is_refused(bank: EventStore) -> None:
    """The same, where it is set or where it is used."""
    for actor in ("\ud800", 1, b"ada"):
        with pytest.raises(EncodeError), metadata(actor=actor), UnitOfWork(bank) as uow:
            uow.append(REMARKS, [Remarked("here")])
        with pytest.raises(EncodeError), metadata(actor=actor), UnitOfWork(bank) as uow:
            uow.publish("payments", payload=1)
    assert (0, 0) == (events_stored(bank), messages_stored(bank))
