"""What each way of ordering a log loses and costs, on PostgreSQL, in raw SQL on both sides.

    python -m benchmarks.ordering --database postgresql://user@host/empty_database

Writers are processes that append one event per transaction to a few streams. In part of the
transactions they work before the append (in another table) and after it. One reader follows
the log by the rule's own definition of what may be read. At the end every stored event is
compared with what the reader saw. The rules take turns, so that each meets the same machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import time
from typing import Any, Final
from uuid import uuid4

import psycopg
from attrs import define, field, frozen

from benchmarks.rules import RULES, Rule
from sourcery import EventStore
from sourcery.engine import normalise

#: Share of transactions that work elsewhere, and for how many seconds at most.
WORKING: Final = 0.3
WORK: Final = 0.01
STREAMS: Final = 50


@frozen
class Run:
    """What one rule did in one run."""

    appends_per_second: float
    stored: int
    lost: int
    inverted: int


@define
class Seen:
    """What the reader saw, and in which order inside each stream."""

    positions: set[int] = field(factory=set)
    heads: dict[str, int] = field(factory=dict)
    inverted: int = 0

    def add(self, position: int, stream: str, version: int) -> None:
        self.positions.add(position)
        self.inverted += version < self.heads.get(stream, 0)
        self.heads[stream] = max(version, self.heads.get(stream, 0))


def write(rule: Rule, dsn: str, seconds: float, seed: int, counts: Any) -> None:
    """One writer: transactions until the time is over."""
    chance = random.Random(seed)
    written = 0
    with psycopg.connect(dsn) as connection:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            written += _one_transaction(rule, connection, chance)
    counts.put(written)


def _one_transaction(rule: Rule, connection: psycopg.Connection, chance: random.Random) -> int:
    stream = f"s{chance.randrange(STREAMS)}"
    working = chance.random() < WORKING
    with connection.cursor() as cursor:
        if working:
            cursor.execute("insert into elsewhere values (%s)", (seconds_of(chance),))
        try:
            head = _head(cursor, stream)
            if working:
                cursor.execute("select pg_sleep(%s)", (seconds_of(chance),))
            stored = rule.append(cursor, stream, head + 1, uuid4())
            if working and stored:
                cursor.execute("select pg_sleep(%s)", (seconds_of(chance),))
        except psycopg.errors.UniqueViolation:
            stored = False
    connection.commit() if stored else connection.rollback()
    return stored


def seconds_of(chance: random.Random) -> float:
    return chance.uniform(0, WORK)


def _head(cursor: psycopg.Cursor, stream: str) -> int:
    cursor.execute(
        "select version from sourcery_events where category = 'c' and stream_id = %s "
        "order by version desc limit 1",
        (stream,),
    )
    row = cursor.fetchone()
    return row[0] if row else 0


def measure(rule: Rule, dsn: str, writers: int, seconds: float) -> Run:
    """Let the writers write and the reader read; then compare."""
    counts: multiprocessing.Queue[int] = multiprocessing.Queue()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("truncate sourcery_events, elsewhere")
        connection.execute("alter sequence sourcery_positions_seq restart")
        connection.execute("update sourcery_positions set last = 0")
        processes = [
            multiprocessing.Process(target=write, args=(rule, dsn, seconds, n, counts))
            for n in range(writers)
        ]
        for process in processes:
            process.start()
        seen, checkpoint = Seen(), rule.start
        while any(process.is_alive() for process in processes):
            checkpoint = _follow(rule, connection, checkpoint, seen)
        written = sum(counts.get() for _ in processes)
        _follow(rule, connection, checkpoint, seen)
        stored = {row[0] for row in connection.execute("select position from sourcery_events")}
    return Run(written / seconds, len(stored), len(stored - seen.positions), seen.inverted)


def _follow(rule: Rule, connection: psycopg.Connection, checkpoint: Any, seen: Seen) -> Any:
    rows, checkpoint = rule.read(connection, checkpoint)
    for position, stream, version in rows:
        seen.add(position, stream, version)
    return checkpoint


def prepare(url: str) -> str:
    """Make the tables; the connection string for psycopg."""
    with EventStore(url) as store:
        store.upgrade()
        dsn = store.database.engine.url.set(drivername="postgresql")
    text = dsn.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        connection.execute("create table if not exists elsewhere (n double precision)")
        connection.execute(
            "alter table sourcery_events add column if not exists xid xid8 "
            "default pg_current_xact_id()"
        )
    return text


def main() -> None:
    arguments = _arguments()
    dsn = prepare(normalise(arguments.database).render_as_string(hide_password=False))
    runs: dict[str, list[Run]] = {rule.name: [] for rule in RULES}
    for _ in range(arguments.repeat):
        for rule in RULES:
            runs[rule.name].append(measure(rule, dsn, arguments.writers, arguments.seconds))
    reference = _rate(runs[RULES[0].name])
    print(f"| rule | lost | inverted | appends/s against {RULES[0].name} |\n|---|---|---|---|")
    for name, of_rule in runs.items():
        stored, lost = sum(r.stored for r in of_rule), sum(r.lost for r in of_rule)
        inverted = sum(r.inverted for r in of_rule)
        share = f"{lost} of {stored} ({100 * lost / stored:.1f} %)"
        print(f"| {name} | {share} | {inverted} | {_rate(of_rule) / reference:.2f} |")
    print(json.dumps({"writers": arguments.writers, "appends_per_second": round(reference)}))


def _rate(runs: list[Run]) -> float:
    return statistics.median(run.appends_per_second for run in runs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty PostgreSQL database")
    parser.add_argument("--writers", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
