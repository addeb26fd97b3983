"""Stored data that nobody of ours wrote: an event, or a typed error, whatever it is.

`SOURCERY_EXAMPLES=5000 pytest tests/codec/test_hostile_data.py` tries so many.
"""

import json
import os
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcery import Metadata, Recorded
from sourcery.codec import Decoder, JsonCodec
from sourcery.consumers import Request, request_of
from sourcery.consumers.filters import query_of
from sourcery.consumers.requests import answers_of
from sourcery.errors import ConsumerDamaged, DecodeError
from sourcery.log import MessageQuery, Query
from sourcery.testing.conformance.codecs.everything import Everything, everything, free

pytestmark = [pytest.mark.promise(26), pytest.mark.promise(47)]

EXAMPLES = settings(max_examples=int(os.environ.get("SOURCERY_EXAMPLES", "50")), deadline=None)
KIND = "tests.everything"
Stored = Everything
FIELDS = [field.name for field in Everything.__attrs_attrs__]  # type: ignore[attr-defined]


def decoded(codec: JsonCodec, data: Any, metadata: Any = "{}") -> Recorded[Any] | None:
    """The event, or None when it was refused as it should be."""
    row = (1, "c", "s", 1, UUID(int=9), KIND, 1, data, metadata, "2013-02-04 05:06:07")
    try:
        [found] = Decoder(codec, (Stored,)).decode(row)
        assert isinstance(found.metadata, Metadata)
    except DecodeError:
        return None
    return found


@EXAMPLES
@given(data=st.text() | st.binary())
def test_any_text_and_bytes(codec: JsonCodec, data: str | bytes) -> None:
    """Not even JSON."""
    assert decoded(codec, data) is None


@EXAMPLES
@given(data=free | st.dictionaries(st.sampled_from(FIELDS), free))
def test_any_json(codec: JsonCodec, data: object) -> None:
    """Of the right fields, too, with whatever in them."""
    found = decoded(codec, json.dumps(data))
    assert found is None or isinstance(found.event, Stored)


@EXAMPLES
@given(value=everything, change=st.data())
def test_a_changed_payload(codec: JsonCodec, value: Everything, change: st.DataObject) -> None:
    """One field of another kind, or some bytes that are others."""
    written = codec.dumps(value)
    plain = json.loads(written)
    plain[change.draw(st.sampled_from(FIELDS))] = change.draw(free)
    at = change.draw(st.integers(0, len(written)))
    torn = written[:at] + change.draw(st.binary(max_size=3)) + written[at + 1 :]
    for data in (json.dumps(plain), torn):
        found = decoded(codec, data)
        assert found is None or isinstance(found.event, Stored)


@pytest.mark.parametrize("data", ["[" * 100_000, '{"free":' * 50_000, "9" * 5_000, "1e999", "NaN"])
def test_what_makes_parsers_stumble(codec: JsonCodec, data: str) -> None:
    """Depth, and numbers without end; where metadata and control data are, as well."""
    assert decoded(codec, data) is None
    assert decoded(codec, "{}", metadata=data) is None
    for read in (request_of, answers_of, query_of):
        with pytest.raises(ConsumerDamaged):
            read(control_row(data))


def control_row(text: str, log: str = "events") -> Any:
    """A row of a consumer, as far as it is read here."""
    return SimpleNamespace(
        name="balances", log=log, shard=0, shards=1, request=text, answer=text, filter=text
    )


@EXAMPLES
@given(
    data=free
    | st.dictionaries(
        st.sampled_from(["what", "position", "key", "reason", "kinds", "categories", "topic"]), free
    )
)
def test_any_control_data(data: object) -> None:
    """Requests and filters are what they should be, or the consumer is damaged."""
    text = json.dumps(data)
    for log in ("events", "outbox"):
        for read in (request_of, query_of, answers_of):
            try:
                found = read(control_row(text, log))
            except ConsumerDamaged:
                continue
            assert found is None or isinstance(found, Request | Query | MessageQuery | list)
