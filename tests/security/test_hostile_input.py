"""Whatever comes from outside or out of the table: taken as it is, or a typed error.

`SOURCERY_EXAMPLES=5000 pytest tests/security/test_hostile_input.py` tries so many.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timezone
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from sourcery import Consumer, EventStore, Stream, Subscriber, Token, UnitOfWork, schema
from sourcery.codec import JsonCodec
from sourcery.context import Metadata
from sourcery.errors import EncodeError, InvalidArgument, PublisherMisconfigured, SourceryError
from sourcery.messages import Message
from sourcery.outbox import message
from sourcery.outgoing import Outgoing
from sourcery.publishers.cloudevents import attributes
from sourcery.publishers.fields import fields
from sourcery.publishers.signing import secret_key, signature, webhook_headers
from sourcery.relay.headers import headers_of
from sourcery.testing.conformance.codecs.everything import free
from tests.ordering.happened import Happened
from tests.security.parts import Thing

pytestmark = pytest.mark.promise(47)

EXAMPLES = settings(max_examples=int(os.environ.get("SOURCERY_EXAMPLES", "40")), deadline=None)
NAMES = list(json.loads(Token(store_id="s", generation=1, first=1, last=1).to_json()))
#: All that Python can hold in a str, lone surrogates and NUL, too.
texts = st.text(st.characters(codec=None), max_size=40)
controls = st.characters(categories=["Cc"])
#: What is taken as a header; one of this name is the content type, and another column.
headers = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).filter(
        lambda name: name.lower() != "content-type"
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
)
values = free | st.binary(max_size=20) | texts | st.just(object())
moments = st.datetimes(timezones=st.timezones() | st.just(UTC)) | st.sampled_from(
    [
        datetime.min.replace(tzinfo=timezone.max),
        datetime.max.replace(tzinfo=timezone.min),
        datetime.min,  # noqa: DTZ901 - the naive one, too
    ]
)


@pytest.fixture(scope="module")
def bank() -> Iterator[EventStore]:
    """One for all examples, on SQLite, with a consumer."""
    with EventStore("sqlite://", events=Happened) as store:
        store.upgrade()
        Subscriber(store, "known", lambda uow, recorded: None, events=Happened).drain()
        yield store


@EXAMPLES
@given(text=texts | st.binary() | free.map(json.dumps))
def test_a_token_is_one_or_is_refused(text: str | bytes) -> None:
    """Any text, any bytes, any JSON."""
    with suppress(InvalidArgument):
        token = Token.from_json(text)
        assert token == Token.from_json(token.to_json())


@EXAMPLES
@given(change=st.dictionaries(st.sampled_from(NAMES), free, min_size=1))
def test_a_changed_token_names_nothing_that_is_waited_for(
    bank: EventStore, change: dict[str, Any]
) -> None:
    """What it says may be anything: waiting ends, with an error of ours or none."""
    text = json.dumps(json.loads(bank.now().to_json()) | change)
    with suppress(SourceryError):
        Consumer(bank, "known").wait_for(Token.from_json(text), timeout=0.001)


@EXAMPLES
@given(
    state=st.binary(max_size=200) | free.map(lambda plain: json.dumps(plain).encode()),
    codec=st.sampled_from(["json", "json+zstd", "pickle", ""]),
)
def test_a_snapshot_is_read_or_replaced(bank: EventStore, state: bytes, codec: str) -> None:
    """Whatever stands in the table: the stream itself is what is true."""
    rows, name = schema.snapshots, str(uuid4())
    with UnitOfWork(bank) as uow:
        uow.get_or_create(Thing, name).record(Happened(3))
    with bank.engine.begin() as connection:
        connection.execute(update(rows).values(state=state, codec=codec))
    assert 3 == bank.load(Thing, name).last
    with UnitOfWork(bank) as uow:
        uow.get(Thing, name).record(Happened(4))
    with bank.engine.begin() as connection:
        assert b'{"last":4}' in set(connection.scalars(select(rows.c.state)))
        connection.execute(delete(rows))


@EXAMPLES
@given(message_id=values, consumer=st.just("c") | values, sent_at=st.none() | moments | values)
def test_an_inbox_takes_an_id_once_or_refuses_it(
    bank: EventStore, message_id: Any, consumer: Any, sent_at: Any
) -> None:
    """Of any type and any length, sent at any time there is."""
    with suppress(SourceryError), UnitOfWork(bank) as uow:
        uow.accept(consumer, message_id, sent_at=sent_at)
        assert not uow.accept(consumer, message_id, sent_at=sent_at)


@EXAMPLES
@given(
    topic=texts,
    key=st.none() | values,
    headers=st.none() | st.dictionaries(texts, texts) | values,
    payload=values,
)
def test_a_message_is_published_or_refused(
    bank: EventStore, topic: Any, key: Any, headers: Any, payload: Any
) -> None:
    """Before anything is written."""
    with suppress(SourceryError), UnitOfWork(bank) as uow:
        uow.publish(topic, key=key, headers=headers, payload=payload)


@EXAMPLES
@given(before=headers, name=texts, value=texts, control=controls, in_name=st.booleans())
def test_a_header_holds_no_control_character(
    before: dict[str, str], name: str, value: str, control: str, in_name: bool
) -> None:
    """Wherever it stands; and any other text is taken as it is."""
    row = message(JsonCodec(), Outgoing("topic", 1, headers=before), Metadata())
    assert before == json.loads(row.headers)
    name, value = (name + control, value) if in_name else (name, control + value)
    with pytest.raises(EncodeError, match="headers: holds"):
        message(JsonCodec(), Outgoing("topic", 1, headers={name: value}), Metadata())


@EXAMPLES
@given(
    topic=texts.filter(str.strip),
    key=st.none() | texts,
    stored=texts | st.dictionaries(texts, texts | free).map(json.dumps) | free.map(json.dumps),
    content_type=texts,
    payload=st.binary(max_size=40),
)
def test_fields_of_protocols_hold_no_line_of_their_own(
    topic: str, key: str | None, stored: str, content_type: str, payload: bytes
) -> None:
    """Of a message out of any row: each field is one line of ASCII, or it is refused."""
    with suppress(SourceryError, ValueError, RecursionError):  # a parcel that is never sent
        message = Message(
            message_id=uuid4(),
            topic=topic,
            key=key,
            payload=payload,
            headers=headers_of(stored),
            content_type=content_type,
            created_at=datetime.now(UTC),
            source="urn:sourcery:x",
        )
        assert attributes(message)["id"] == str(message.message_id)
        made = fields(message) | webhook_headers([b"k" * 24], message)
        assert all(part.isascii() and part.isprintable() for pair in made.items() for part in pair)


@EXAMPLES
@given(secret=texts | texts.map("whsec_".__add__) | st.just("whsec_" + "é" * 40))
def test_a_secret_is_one_or_is_refused(secret: str) -> None:
    """Text that is no base64, too."""
    with suppress(PublisherMisconfigured):
        assert len(secret_key("webhook", secret)) >= 24


@EXAMPLES
@given(
    keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3),
    body=st.binary(),
    other=st.binary(),
    moment=st.integers(0, 2**40),
)
def test_a_signature_is_of_this_body_and_moment(
    keys: list[bytes], body: bytes, other: bytes, moment: int
) -> None:
    """Any bytes: one of printable ASCII for each key, and another for anything else."""
    number = str(uuid4())
    signed = signature(keys, number, moment, body)
    assert signed.isascii()
    assert len(keys) == len(signed.split(" "))
    assert (other == body) == (signed == signature(keys, number, moment, other))
    assert signed != signature(keys, number, moment + 1, body)


@EXAMPLES
@given(after=values, version=values)
def test_a_place_to_read_from_is_one_or_is_refused(
    bank: EventStore, after: Any, version: Any
) -> None:
    """Of any type, and however large."""
    with suppress(SourceryError):
        list(bank.read(after=after))
    with suppress(SourceryError):
        list(bank.read(Stream("thing", "x"), from_version=version))
