"""Where relays send in these tests: a broker behind a wire that can be cut, or a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from attrs import define, field

from tests.delivery.process import TIMEOUT
from tests.proxy import Proxy
from tests.publishers.sites import NatsSite, Received, Site
from tests.relay.account import Account, Line


class Target(Protocol):
    """What a run of relays needs to know of it."""

    topic: str

    @property
    def name(self) -> str:
        """The word for it in reports."""
        ...

    @property
    def to(self) -> str:
        """The URL for publishers."""
        ...

    def progress(self) -> int:
        """Bytes that were sent by now."""
        ...

    def account(self) -> Account:
        """All that is there, by the broker's own client."""
        ...


@define(eq=False)
class BrokerTarget:
    """A topic of a broker that runs."""

    site: Site
    wire: Proxy
    topic: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.topic = self.site.topic()

    @property
    def name(self) -> str:
        return self.site.broker.name

    @property
    def to(self) -> str:
        return self.with_options(timeout=TIMEOUT)

    def with_options(self, **options: object) -> str:
        """The URL that leads over the wire."""
        url = self.site.url().replace(f":{self.site.broker.port}", f":{self.wire.port}")
        return url + self.site.mark + "&".join(f"{name}={it}" for name, it in options.items())

    @property
    def drops_repeats(self) -> bool:
        """Whether the broker tells them by the id, within its window."""
        return isinstance(self.site, NatsSite)

    def progress(self) -> int:
        return self.wire.passed["there"]

    def account(self) -> Account:
        return Account([self._line(each) for each in self.site.arrived(self.topic)])

    def _line(self, got: Received) -> Line:
        return Line(self.topic, str(got.key), json.loads(got.payload)["n"], got.message_id)

    def interrupt(self, until: Callable[[], object]) -> None:
        """Take the broker away until something is so; by SIGKILL where it keeps what it has."""
        if self.site.durable:
            self.site.kill()
            until()
            self.site.start()
        else:
            self.site.freeze()
            until()
            self.site.thaw()


@define(eq=False)
class FileTarget:
    """A file: nothing can be harmed but those who write it."""

    path: Path
    topic: str = "payments"
    name: str = "file"

    @property
    def to(self) -> str:
        return self.path.as_uri()

    def progress(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def account(self) -> Account:
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return Account([self._line(line) for line in lines])

    def _line(self, line: dict[str, str]) -> Line:
        number = json.loads(line["payload"])["n"]
        return Line(line["topic"], line["key"], number, line["message_id"])
