"""A file, which is its own receiver."""

import json
from base64 import b64decode
from pathlib import Path

from attrs import frozen

from sourcery.messages import Publisher
from sourcery.publishers import FilePublisher
from sourcery.testing.conformance.publishers import Received, Site


@frozen
class FileSite(Site):
    """Nothing can be killed here but who writes."""

    folder: Path

    def publisher(self, **options: object) -> Publisher:
        return FilePublisher(self.folder / "sent")

    def nowhere(self) -> Publisher:
        return FilePublisher(self.folder / "missing" / "sent")

    def arrived(self, topic: str) -> list[Received]:
        lines = (self.folder / "sent").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        return [received(line) for line in found if line["topic"] == topic]


def received(line: dict[str, str]) -> Received:
    """Read one line."""
    payload = b64decode(line["payload_base64"]) if "payload_base64" in line else line["payload"]
    return Received(
        message_id=line["message_id"],
        key=line["key"],
        payload=payload.encode() if isinstance(payload, str) else payload,
        headers=dict(line["headers"]),
        content_type=line["content_type"],
    )
