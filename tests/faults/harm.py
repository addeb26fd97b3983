"""What is done to subscribers at random: kills, freezes, lost connections, restarted servers."""

import time
from collections import Counter
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from tests.databases.network import NetworkServer
from tests.faults.fleet import Worker
from tests.faults.scene import Scene
from tests.ordering.support import wait_until

#: Seconds in which a worker that nobody harms must have begun to work.
DEADLINE = 60.0


def kill(scene: Scene, times: int) -> None:
    """`kill -9` workers that are at work, at random moments; each begins anew at once."""
    for _ in range(times):
        victim = _at_work(scene, scene.random.choice(("working", "paging")))
        _linger(scene, 0.1)
        victim.kill()
        victim.restart()
        scene.keep_up()


def freeze(scene: Scene, times: int) -> None:
    """Stop a worker where it is until all consumers have gone on without it, then continue it."""
    for _ in range(times):
        victim = _at_work(scene, scene.random.choice(("working", "paging")))
        _linger(scene, 0.3)
        victim.freeze()
        scene.until_more()
        _linger(scene, 0.5)
        victim.thaw()
        scene.keep_up()


def _at_work(scene: Scene, doing: str) -> Worker:
    """Any worker that has come so far since it began."""
    ready: list[Worker] = []

    def is_any() -> bool:
        ready[:] = [worker for worker in scene.workers if worker.has_said(doing)]
        return bool(ready)

    wait_until(is_any, DEADLINE)
    return scene.random.choice(ready)


def cut(scene: Scene, server: NetworkServer, times: int) -> Counter[str]:
    """End connections of the database at the server, one or all of them; how many of what."""
    ended: Counter[str] = Counter()
    scene.until_more()
    for _ in range(times):
        _linger(scene, 0.3)
        found = _some_connections(server, scene.store.engine.url.database)
        chosen = found if scene.random.random() < 0.2 else scene.random.sample(found, 1)
        for number, role in chosen:
            end_connection(server, number)
            ended[role] += 1
        scene.keep_up()
    return ended


def _some_connections(server: NetworkServer, database: str | None) -> list[tuple[int, str]]:
    """Those there are; after a cut of all it takes a moment until the first is back."""
    found: list[tuple[int, str]] = []

    def are_any() -> bool:
        found[:] = connections(server, database)
        return bool(found)

    wait_until(are_any, DEADLINE)
    return found


def connections(server: NetworkServer, database: str | None) -> list[tuple[int, str]]:
    """Number of each connection, and the thread that has it, where the server knows."""
    if server.family == "mariadb":
        rows = f"select id from information_schema.processlist where db = '{database}'"
        return [(number, "any") for number in server.query(rows)]
    told = "pid || ' ' || application_name"
    rows = f"select {told} from pg_stat_activity where datname = '{database}'"
    return [
        (int(number), name) for number, name in (row.split(" ", 1) for row in server.query(rows))
    ]


def end_connection(server: NetworkServer, number: int) -> None:
    """End it, unless it has gone by itself."""
    if server.family == "postgresql":
        server.query(f"select pg_terminate_backend({number})")
        return
    with suppress(DBAPIError):
        server.execute(f"kill {number}")


def restart(scene: Scene, server: NetworkServer, times: int) -> None:
    """Stop the server in good order, or kill it, and start it again."""
    for turn in range(times):
        scene.until_more()
        _linger(scene, 0.5)
        (server.kill if turn % 2 else server.stop)()
        _linger(scene, 1.5)
        server.start()


def _linger(scene: Scene, most: float) -> None:
    """Let a random time pass: harm comes at any moment."""
    time.sleep(scene.random.uniform(0, most))
