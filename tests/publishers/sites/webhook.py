"""HTTP: a receiver that writes down what it gets."""

import json
from base64 import b64decode
from typing import Any, ClassVar
from urllib.parse import unquote

from cloudevents.core.bindings import http

from sourcery.testing.conformance.publishers import Received
from tests.publishers.sites.site import Site

OURS = ("ce-", "webhook-", "content-", "host", "accept-encoding")


class WebhookSite(Site):
    """The topic is a header: all topics have one URL."""

    scheme: ClassVar[str] = "http"
    mark: ClassVar[str] = "#"

    def count(self, topic: str) -> int:
        return sum(topic in line for line in self.broker.lines())

    def arrived(self, topic: str) -> list[Received]:
        requests = [json.loads(line) for line in self.broker.lines()]
        found = [request for request in requests if dict(request["headers"])["ce-topic"] == topic]
        return [received(request) for request in found]


def received(request: dict[str, Any]) -> Received:
    """Read one request."""
    headers, body = dict(request["headers"]), b64decode(request["body"])
    event = http.from_binary_event(http.HTTPMessage(headers=headers, body=body))
    plain = {k: unquote(v) for k, v in headers.items() if not k.lower().startswith(OURS)}
    return Received(
        message_id=headers["webhook-id"],
        key=event.get_subject(),
        payload=body,
        headers=plain,
        content_type=headers["content-type"],
        attributes=event.get_attributes(),
    )
