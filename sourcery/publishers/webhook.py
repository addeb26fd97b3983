"""HTTP: one POST for each message, in CloudEvents' binary mode, signed.

Guaranteed: a message is sent when the receiver answered with a status of 200 to 299; until then it
comes again, with the same `webhook-id`. Messages of one key go one after another; of different
keys, as many at a time as there are connections.

- 408, 425, 429, 500 and above, and redirects, which are not followed: failed, tried again.
- Any other status from 400 on: refused.
- No connection, or one that breaks before the answer: unreached.

The probe is an OPTIONS to the same target, without a body: whatever is answered, it is there.

The topic is the extension attribute `ce-topic`. In a URL the query is the receiver's; options stand
behind `#`, which is never sent.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from http.client import HTTPException
from typing import ClassVar, Final
from urllib.parse import urlsplit

from sourcery.errors import MessageRefused
from sourcery.messages import Message, Publisher, Result
from sourcery.publishers.address import Address, Converters, options, parse, positive, seconds
from sourcery.publishers.cloudevents import percent_encoded
from sourcery.publishers.deadline import Deadline
from sourcery.publishers.endpoint import Endpoint
from sourcery.publishers.fields import fields
from sourcery.publishers.lanes import Lanes
from sourcery.publishers.signing import secret_key, webhook_headers

_PORTS: Final = {"http": 80, "https": 443}
_LATER: Final = {408, 425, 429}
#: Headers that are HTTP's own, or ours.
_RESERVED: Final = {
    "authorization", "connection", "content-length", "expect", "host", "te", "trailer",
    "transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp",
}  # fmt: skip
_SENT, _REDIRECT, _REFUSED, _FAILED = 200, 300, 400, 500


class WebhookPublisher(Publisher):
    """POST to a URL. A user and password in it are sent as basic authorization."""

    keeps_order: ClassVar[bool] = True
    OPTIONS: ClassVar[Converters] = {
        "secret": lambda text: tuple(text.split(",")),
        "timeout": seconds,
        "connect_timeout": seconds,
        "read_timeout": seconds,
        "connections": positive,
    }

    def __init__(
        self,
        url: str,
        *,
        secret: str | Sequence[str] = (),
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        read_timeout: float = 5.0,
        connections: int = 4,
    ) -> None:
        """Connect at the first use.

        `secret`: `whsec_` and base64, or several while keys are being changed; without one nothing
        is signed. Durations are seconds; `timeout` is for a whole batch.
        """
        base, _, query = url.partition("?")
        address = parse(base, _PORTS)
        secrets = [secret] if isinstance(secret, str) else secret
        self._keys = [secret_key(str(address), one) for one in secrets]
        target = (urlsplit(base).path or "/") + (f"?{query}" if query else "")
        self._endpoint = Endpoint(address, target, connect_timeout, read_timeout)
        self._common = _authorization(address)
        self._lanes = Lanes(connections)
        self.timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> WebhookPublisher:
        """Read the options behind `#`."""
        base, _, after = url.partition("#")
        _, given = options(f"{base.partition('?')[0]}?{after}", cls.OPTIONS)
        return cls(base, **given)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        deadline = Deadline.after(self.timeout)
        results = self._lanes.run(batch, lambda message: self._post(message, deadline), deadline)
        if deadline.passed:
            self._endpoint.abort()
        return results

    def probe(self) -> None:
        self._endpoint.ask(self._common, Deadline.after(self.timeout))

    def close(self) -> None:
        self._lanes.close()
        self._endpoint.close()

    def _post(self, message: Message, deadline: Deadline) -> None:
        headers = self._headers(message)
        status = self._endpoint.post(message.payload, headers, deadline)
        if _SENT <= status < _REDIRECT:
            return
        if _REFUSED <= status < _FAILED and status not in _LATER:
            raise MessageRefused(f"answered {status}")
        raise HTTPException(f"answered {status}")

    def _headers(self, message: Message) -> dict[str, str]:
        theirs = fields(message)
        if taken := sorted(_RESERVED & {name.lower() for name in theirs}):
            raise MessageRefused(f"the header {taken[0]!a} is HTTP's own")
        topic = {"ce-topic": percent_encoded(message.topic)}
        return theirs | topic | self._common | webhook_headers(self._keys, message)


def _authorization(address: Address) -> dict[str, str]:
    if address.username is None:
        return {}
    account = f"{address.username}:{address.password or ''}"
    return {"authorization": f"Basic {b64encode(account.encode()).decode()}"}
