"""Outbox messages: what `publish` keeps until the transaction writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, cast
from uuid import UUID

from sourcery.codec import Codec
from sourcery.context import Metadata
from sourcery.dialects import MessageRow
from sourcery.errors import EncodeError, InvalidName
from sourcery.ids import new_id
from sourcery.outgoing import Outgoing
from sourcery.stream import LONGEST_TOPIC, bucket_of, check_name, stream_id_text

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
CONTENT_TYPE: Final = "content-type"
#: Header that names the kind of event a message came of, as CloudEvents calls it.
TYPE: Final = "ce-type"
_CONTENT_TYPE_LENGTH: Final = 100
#: Where protocols made of lines would begin another one, or end; no header needs them.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def message(codec: Codec, given: Outgoing, metadata: Metadata) -> MessageRow:
    """Encode one message.

    An attrs object or JSON value goes through the codec; `bytes` are sent as they are, with
    the content type that the header "content-type" names. Metadata becomes headers, below those
    given. Raises `EncodeError` or `InvalidName`.
    """
    topic, payload = check_name("topic", given.topic, LONGEST_TOPIC), given.payload
    text_key = None if given.key is None else _key(given.key)
    message_id = new_id()
    all_headers = _headers(topic, metadata.present, given.headers)
    raw = bytes(payload) if isinstance(payload, bytes | bytearray) else None
    content_type = _content_type(all_headers) or (JSON if raw is None else BYTES)
    return MessageRow(
        message_id=message_id,
        topic=topic,
        key=text_key,
        bucket=bucket_of(_ordering_key(topic, text_key, message_id)),
        headers=json.dumps(all_headers, ensure_ascii=False, separators=(",", ":")),
        payload=_encoded(codec, topic, payload) if raw is None else raw,
        content_type=check_name("content type", content_type, _CONTENT_TYPE_LENGTH),
    )


def _content_type(headers: dict[str, str]) -> str | None:
    """Taken out of the headers, however its name is written."""
    names = [name for name in headers if name.lower() == CONTENT_TYPE]
    found = [headers.pop(name) for name in names]
    return found[-1] if found else None


def _key(key: object) -> str:
    try:
        return stream_id_text(key)  # the rules, and the length, of stream ids
    except InvalidName as error:
        raise InvalidName("key", error.value, error.problem) from None


def _ordering_key(topic: str, key: str | None, message_id: UUID) -> str:
    return str(message_id) if key is None else f"{topic}\0{key}"


def _headers(topic: str, below: dict[str, str], given: object) -> dict[str, str]:
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise EncodeError(topic, "headers", f"is a mapping, not {type(given).__name__}")
    own = dict(cast("Mapping[str, str]", given))
    headers = below | own
    for name, value in headers.items():
        _check_header(topic, name)
        # metadata may be any text, and so may a kind: publishers encode them
        _check_header(topic, value, may_control=name not in own or name == TYPE)
    return headers


def _check_header(topic: str, part: object, *, may_control: bool = False) -> None:
    if not isinstance(part, str):
        problem = f"names and values are str, not {type(part).__name__}"
        raise EncodeError(topic, "headers", problem)
    try:
        part.encode()
    except UnicodeEncodeError:
        raise EncodeError(topic, "headers", "holds a lone surrogate") from None
    if not may_control and _CONTROL.search(part):
        problem = "holds a line break or another control character: take it out"
        raise EncodeError(topic, "headers", problem)


def _encoded(codec: Codec, topic: str, payload: object) -> bytes:
    try:
        return codec.dumps(payload)
    except EncodeError as error:
        raise EncodeError(topic, error.path, error.problem) from error
