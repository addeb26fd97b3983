"""The receiver of webhooks as a broker: started, killed and frozen like the others."""

import sys
from pathlib import Path
from typing import ClassVar

from tests.brokers import receiver
from tests.brokers.broker import Broker
from tests.databases.process import Account


class Webhooks(Broker):
    """Python itself; always here."""

    account: ClassVar[Account | None] = {}

    def __init__(self) -> None:
        super().__init__("webhook", "none")

    def program(self) -> Path:
        return Path(sys.executable)

    def command(self, folder: Path, port: int) -> list[str]:
        return [sys.executable, "-I", receiver.__file__, str(folder / "received"), str(port)]

    def lines(self) -> list[str]:
        """All it has received."""
        return (self.process.folder / "received").read_text().splitlines()

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
