"""The attributes of CloudEvents 1.0, once for all brokers.

Binary mode: the payload is the body of the broker's message, as it is, and the attributes go into
its headers, named and written as the protocol's binding says. Whatever else a message has as
headers goes along as ordinary headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from sourcery.messages import Message

#: A header of this name says the `type`, which is the topic otherwise.
TYPE: Final = "ce-type"

#: Metadata as extension attributes, whose names are lower-case letters and digits.
_EXTENSIONS: Final[Mapping[str, str]] = {
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "actor": "actor",
    "traceparent": "traceparent",
}

#: What HTTP and NATS headers keep; the rest is percent-encoded, `%`, `"` and blanks with it.
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_KEPT: Final = _PRINTABLE.replace('"', "").replace("%", "")


def attributes(message: Message) -> dict[str, str]:
    """The attributes without prefix; `datacontenttype` is not among them: each binding has a
    place of its own for the content type.
    """
    made = {
        "specversion": "1.0",
        "id": str(message.message_id),
        "source": message.source,
        "type": message.headers.get(TYPE) or message.topic,
        "time": message.created_at.isoformat().replace("+00:00", "Z"),
    }
    if message.key:  # a subject is never empty
        made["subject"] = message.key
    return made | _extensions(message.headers)


def _extensions(headers: Mapping[str, str]) -> dict[str, str]:
    return {short: headers[name] for name, short in _EXTENSIONS.items() if headers.get(name)}


def prefixed(message: Message, prefix: str) -> dict[str, str]:
    """The message's headers, and the attributes with a prefix, which win."""
    plain = {name: value for name, value in message.headers.items() if name != TYPE}
    return plain | {prefix + name: value for name, value in attributes(message).items()}


def percent_encoded(value: str) -> str:
    """As the bindings of HTTP and NATS write a value; `urllib.parse.unquote` reads it."""
    return quote(value, safe=_KEPT)
