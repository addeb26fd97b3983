"""RabbitMQ from Debian's package, as a node of its own with files of its own."""

import os
import stat
import subprocess
from pathlib import Path

from tests.brokers.broker import Broker
from tests.databases.process import free_port, unprivileged

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
#: A message above 2 MB closes its channel.
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
max_message_size = 2000000
loopback_users = none
"""
#: Erlang's name server beside the node, so that both end together; the machine's own is not used.
SCRIPT = """#!/bin/sh
epmd -port {names} -address 127.0.0.1 &
export HOME={folder} ERL_EPMD_PORT={names} RABBITMQ_NODENAME=sourcery{port}@localhost
export RABBITMQ_BASE={folder} RABBITMQ_MNESIA_BASE={folder}/mnesia RABBITMQ_LOG_BASE={folder}/logs
export RABBITMQ_CONFIG_FILE={folder}/rabbitmq.conf RABBITMQ_CONF_ENV_FILE={folder}/none
export RABBITMQ_ENABLED_PLUGINS_FILE={folder}/plugins RABBITMQ_DIST_PORT={distribution}
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 1:1 +sbwt none'
exec {server}
"""


class RabbitMQ(Broker):
    """Reached as `guest`; what it confirms for a durable queue is on the disk."""

    _names = _distribution = 0

    def program(self) -> Path | None:
        return SERVER if SERVER.exists() else None

    def command(self, folder: Path, port: int) -> list[str]:
        self._names = self._names or free_port()
        self._distribution = self._distribution or free_port()
        (folder / "plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(CONFIGURATION.format(port=port))
        script = folder / "run"
        script.write_text(
            SCRIPT.format(
                folder=folder,
                port=port,
                names=self._names,
                distribution=self._distribution,
                server=SERVER,
            )
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        if account := unprivileged():
            for each in (folder / "plugins", folder / "rabbitmq.conf", script):
                os.chown(each, account["user"], account["group"])
        return [str(script)]

    def control(self, *words: str) -> None:
        """Run a command of `rabbitmqctl`."""
        folder = self.process.folder
        names = {"HOME": str(folder), "ERL_EPMD_PORT": str(self._names)}
        node = f"sourcery{self.port}@localhost"
        command = [str(SERVER.with_name("rabbitmqctl")), "--quiet", "--node", node, *words]
        subprocess.run(command, check=True, env={**os.environ, **names}, **unprivileged())

    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}"
