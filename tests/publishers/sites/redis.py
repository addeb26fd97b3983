"""Valkey: the entries of a stream."""

from typing import ClassVar

from cloudevents.core.bindings import http
from redis import Redis

from sourcery.testing.conformance.publishers import Received
from tests.publishers.sites.site import Site


class RedisSite(Site):
    """Reads by XRANGE."""

    scheme: ClassVar[str] = "redis"

    def client(self) -> Redis:
        """A client of its own, to be closed by `with`."""
        return Redis(host="127.0.0.1", port=self.broker.port, password="s3cr3t")

    def count(self, topic: str) -> int:
        with self.client() as client:
            return int(client.xlen(topic))

    def arrived(self, topic: str) -> list[Received]:
        with self.client() as client:
            return [received(fields) for _, fields in client.xrange(topic)]


def received(fields: dict[bytes, bytes]) -> Received:
    """Read one; with its attributes as headers of HTTP it is an event of HTTP's binding."""
    payload = fields.pop(b"data")
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    message = http.HTTPMessage(headers=texts, body=payload)
    event = http.from_binary_event(message)
    return Received(
        message_id=texts["ce-id"],
        key=event.get_subject(),
        payload=payload,
        headers={k.removeprefix("header:"): v for k, v in texts.items() if ":" in k},
        content_type=texts["content-type"],
        attributes=event.get_attributes(),
    )
