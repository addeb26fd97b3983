"""Header fields of protocols made of text lines, HTTP and NATS, as CloudEvents binds to both."""

from __future__ import annotations

import re
from typing import Final

from sourcery.errors import MessageRefused
from sourcery.messages import Message
from sourcery.publishers.cloudevents import percent_encoded, prefixed

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
CONTENT_TYPE: Final = "content-type"


def fields(message: Message) -> dict[str, str]:
    """All headers with percent-encoded values, `ce-` attributes, and the content type.

    Raises `MessageRefused` for a name, or a content type, that would break the protocol.
    """
    made = prefixed(message, "ce-")
    for name in made:
        if not _NAME.fullmatch(name):
            raise MessageRefused(f"{name[:60]!a} cannot be the name of a header")
    if not _VALUE.fullmatch(message.content_type):
        raise MessageRefused("its content type is not printable ASCII")
    encoded = {name: percent_encoded(value) for name, value in made.items()}
    return encoded | {CONTENT_TYPE: message.content_type}
