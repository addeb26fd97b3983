"""Signatures in the manner of the Standard Webhooks specification.

HMAC-SHA256 over `<id>.<timestamp>.<body>`; the receiver refuses what is not signed so, or whose
timestamp is minutes old, and knows repeats by the id. Headers beside these are not signed.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Final

from sourcery.errors import PublisherMisconfigured
from sourcery.messages import Message

_PREFIX: Final = "whsec_"
_SHORTEST: Final = 24


def secret_key(publisher: str, secret: str) -> bytes:
    """The bytes of `whsec_` and base64; `PublisherMisconfigured` when it is not that, or short."""
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _SHORTEST:
        problem = f"a secret is {_PREFIX} and the base64 of at least {_SHORTEST} random bytes"
        raise PublisherMisconfigured(publisher, problem)
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """One signature for each key, so that keys can be changed while both are accepted."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)


def webhook_headers(keys: Sequence[bytes], message: Message) -> dict[str, str]:
    """Id and timestamp of this attempt, and the signatures when there are keys."""
    now, number = int(time.time()), str(message.message_id)
    headers = {"webhook-id": number, "webhook-timestamp": str(now)}
    if keys:
        headers["webhook-signature"] = signature(keys, number, now, message.payload)
    return headers
