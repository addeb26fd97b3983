"""How many times as long another library takes for the same: `python -m benchmarks.peers --help`.

Each has a virtual environment of its own, made at the first run. Its script and ours run in turns
on one server, each in a database of its own: one event added to an aggregate of one, a thousand
events replayed, the log followed (ours with a durable checkpoint at each page, others without).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy import URL

from benchmarks.bench import opened
from benchmarks.peers.ours import LONG_STREAMS, figures
from benchmarks.servers import databases_named

Figures = Mapping[str, float]
_HERE: Final = Path(__file__).parent


@frozen
class Peer:
    """One library, or two together."""

    name: str
    requirements: tuple[str, ...]
    script: str

    def settings(self, url: URL) -> dict[str, str]:
        """Environment variables."""
        if "sqlalchemy" in self.name:
            address = url.render_as_string(hide_password=False)
            return {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": address}
        if url.get_backend_name() == "sqlite":
            return {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": f"{url.database}",
            }
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": f"{url.database}",
            "POSTGRES_HOST": f"{url.host}",
            "POSTGRES_PORT": f"{url.port}",
            "POSTGRES_USER": f"{url.username}",
            "POSTGRES_PASSWORD": url.password or "none",
        }

    def run(self, python: Path, url: URL, operations: int) -> Figures:
        """Microseconds of an event, by scenario."""
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        command = [str(python), str(_HERE / self.script), str(operations), str(LONG_STREAMS)]
        done = subprocess.run(  # noqa: S603 - a script of ours
            command,
            env=environment | self.settings(url),
            stdout=subprocess.PIPE,
            check=True,
            timeout=600,
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


PEERS: Final = (
    Peer("eventsourcing", ("eventsourcing[postgres]", "psycopg[binary]"), "by_eventsourcing.py"),
    Peer(
        "eventsourcing-sqlalchemy",
        ("eventsourcing-sqlalchemy", "psycopg[binary]"),
        "by_eventsourcing.py",
    ),
)


def environment(peer: Peer, folder: Path) -> Path:
    """The Python of its virtual environment, made if it is not there."""
    home = folder / peer.name
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        command = [str(python), "-m", "pip", "install", "-q", *peer.requirements]
        subprocess.run(command, check=True)  # noqa: S603 - what to install is written above
    return python


def main() -> None:
    arguments = _arguments()
    print("| against | scenario | ours, us an event | theirs | times | lowest |")
    print("|---|---|---|---|---|---|")
    needed = 2 * len(PEERS) * arguments.repeat
    with databases_named(arguments.database, needed) as databases:
        for peer in PEERS:
            python = environment(peer, arguments.environments)
            turns: list[tuple[Figures, Figures]] = []
            for _ in range(arguments.repeat):
                with opened(databases.pop(), "quick", 1) as bench:
                    ours = figures(bench, arguments.operations)
                theirs = peer.run(python, databases.pop(), arguments.operations)
                turns.append((ours, theirs))
            for scenario in turns[0][0]:
                _print(peer.name, scenario, turns)


def _print(peer: str, scenario: str, turns: list[tuple[Figures, Figures]]) -> None:
    ours, theirs = ([turn[side][scenario] for turn in turns] for side in (0, 1))
    times = [other / mine for mine, other in zip(ours, theirs, strict=True)]
    figures = f"{statistics.median(ours):.1f} | {statistics.median(theirs):.1f}"
    print(
        f"| {peer} | {scenario} | {figures} | {statistics.median(times):.1f} | {min(times):.1f} |"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    add = parser.add_argument
    add("--database", default="postgresql18", help="a name of [db] in setup.cfg")
    add("--repeat", type=int, default=3, help="turns")
    add("--operations", type=int, default=200, help="changes of one event in a turn")
    default = Path(tempfile.gettempdir()) / "sourcery-peers"
    add("--environments", type=Path, default=default, help="where they are made")
    return parser.parse_args()


if __name__ == "__main__":
    main()
