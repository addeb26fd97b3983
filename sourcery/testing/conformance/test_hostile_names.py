"""Names that databases like to alter: stored as they are, or refused before anything is."""

from enum import Enum
from typing import Any

import pytest
from attrs import frozen
from sqlalchemy import select

from sourcery import EventStore, Stream, UnitOfWork, event
from sourcery.errors import DefinitionError, InvalidName
from sourcery.schema import outbox
from sourcery.testing.conformance.domain import (
    Account,
    Deposited,
    append,
    events_stored,
    history,
    messages_stored,
)

pytestmark: object = pytest.mark.promise(47)

#: Each of these is a name like any other.
STRANGE = [
    "' OR 1=1 --",
    'say "it"',
    "100 %",
    "%s %(x)s %% %b",
    "{} {0} {x!r}",
    ":colon ?mark $1",
    "back\\slash \\' \\0",
    "line\nfeed\ttab\rreturn",
    " ",
    "🐈‍⬛ 猫",
    "\x01\x1a\x7f",
    "\u200b\u2028\ufeff",
    "x" * 255,
    "🐈" * 255,
    "null",
    "0",
]

#: Pairs that collations, padding or normalisation take for one.
ALIKE = [
    "Ada",
    "ada",
    "ADA",
    "Ada ",
    "Ada  ",
    " Ada",
    "Áda",
    "A\u0301da",
    "Ada\u00a0",
    "Ada\t",
    "straße",
    "strasse",
    "ﬁn",
    "fin",
    "I",
    "\u0131",
    "i",
    "1",
    "01",
    "1.0",
]

REFUSED: Any = [
    "",
    "x" * 256,
    "x" * 1000,
    "nul\0inside",
    "\ud800",
    "cat \udc08",
    b"bytes",
    None,
    True,
    1.5,
    ("a", "b"),
    10**5000,
]


class Colour(str, Enum):  # noqa: UP042 - StrEnum would not show it
    """A string whose `str()` is another string."""

    RED = "red"


def test_strange_ids_are_stored_as_they_are(bank: EventStore) -> None:
    """Written, read by stream, and read back from the whole log."""
    with UnitOfWork(bank) as uow:
        for n, name in enumerate(STRANGE):
            uow.append(Stream("account", name), [Deposited(n)], expected=0)
    assert [[Deposited(n)] for n in range(len(STRANGE))] == [
        history(bank, Stream("account", name)) for name in STRANGE
    ]
    assert set(STRANGE) == {recorded.stream.id for recorded in bank.read()}


def test_strange_ids_load_aggregates(bank: EventStore) -> None:
    """Created, found again, changed."""
    for name in STRANGE:
        with UnitOfWork(bank) as uow:
            uow.create(Account, name).open(name)
        with UnitOfWork(bank) as uow:
            account = uow.get(Account, name)
            account.deposit(1)
        assert (name, name, 2) == (account.id, account.owner, account.version)


def test_strange_categories_are_stored_as_they_are(bank: EventStore) -> None:
    """A category has 100 characters at most; it can be selected."""
    names = [name for name in STRANGE if len(name) <= 100]
    with UnitOfWork(bank) as uow:
        for name in names:
            uow.append(Stream(name, 1), [Deposited(1)])
    for name in names:
        assert [name] == [recorded.stream.category for recorded in bank.read(categories=[name])]


def test_strange_topics_and_keys_are_stored_as_they_are(bank: EventStore) -> None:
    """A topic has 150 characters at most, a key 255."""
    with UnitOfWork(bank) as uow:
        for name in STRANGE:
            uow.publish(name[:150], key=name, payload=1)
    with bank.engine.connect() as connection:
        rows = connection.execute(select(outbox.c.topic, outbox.c.key).order_by(outbox.c.position))
        assert [(name[:150], name) for name in STRANGE] == [tuple(row) for row in rows]


def test_strange_kinds_are_stored_as_they_are(bank: EventStore) -> None:
    """A kind has 150 characters at most."""
    kinds = [name for name in STRANGE if len(name) <= 150]
    classes = [event(kind)(frozen(type(f"Event{n}", (), {}))) for n, kind in enumerate(kinds)]
    append(bank, Stream("kinds", 1), [cls() for cls in classes])
    for kind, cls in zip(kinds, classes, strict=True):
        assert [(kind, cls())] == [(found.kind, found.event) for found in bank.read(events=cls)]


def test_ids_that_look_alike_are_different_streams(bank: EventStore) -> None:
    """By case, accents, spaces at the end, Unicode form."""
    for n, name in enumerate(ALIKE):
        append(bank, Stream("account", name), [Deposited(n)], expected=0)
    for n, name in enumerate(ALIKE):
        assert [Deposited(n)] == history(bank, Stream("account", name))


def test_categories_and_kinds_that_look_alike_are_different(bank: EventStore) -> None:
    """The same for what reads select by."""
    classes = [event(name)(frozen(type(f"Event{n}", (), {}))) for n, name in enumerate(ALIKE)]
    with UnitOfWork(bank) as uow:
        for name, cls in zip(ALIKE, classes, strict=True):
            uow.append(Stream(name, 1), [cls()], expected=0)
    for name, cls in zip(ALIKE, classes, strict=True):
        assert [name] == [r.kind for r in bank.read(events=cls)]
        assert [name] == [r.stream.category for r in bank.read(events=cls, categories=[name])]


def test_impossible_ids_are_refused(bank: EventStore) -> None:
    """By every way in, and nothing is written."""
    with UnitOfWork(bank) as uow:
        uow.append(Stream("account", "good"), [Deposited(1)])
        for name in REFUSED:
            for use in (uow.create, uow.get, uow.get_or_create):
                with pytest.raises(InvalidName):
                    use(Account, name)
            with pytest.raises(InvalidName):
                uow.append(Stream("account", name), [Deposited(1)])
    assert 1 == events_stored(bank)


def test_impossible_categories_topics_and_keys_are_refused(bank: EventStore) -> None:
    """The same; only a key may be none."""
    with UnitOfWork(bank) as uow:
        for name in REFUSED:
            with pytest.raises(InvalidName):
                uow.append(Stream(name, 1), [Deposited(1)])
            with pytest.raises(InvalidName):
                uow.publish(name, payload=1)
            if name is not None:
                with pytest.raises(InvalidName):
                    uow.publish("payments", key=name, payload=1)
    assert (0, 0) == (events_stored(bank), messages_stored(bank))


def test_impossible_kinds_are_refused_when_the_class_is_made() -> None:
    """Long before there is an event."""
    for name in REFUSED:
        with pytest.raises(DefinitionError):
            event(name)(frozen(type("Event", (), {})))


def test_an_id_that_is_an_enum_is_its_value() -> None:
    """It equals the string it is, so it must name the same stream."""
    assert Stream("account", "red") == Stream("account", Colour.RED)


def test_a_long_refused_name_is_shortened() -> None:
    """An error is a sentence, not a megabyte; and it can be printed anywhere."""
    with pytest.raises(InvalidName) as caught:
        Stream("account", "🐈" * 1_000_000)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isascii()
