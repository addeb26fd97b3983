"""The account at the end: every wrong that can be seen, by its name."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import func, select

from sourcery import Consumer, EventStore, UnitOfWork
from sourcery.schema import outbox
from tests.faults.model import Moved
from tests.faults.outcome import outcome_of
from tests.relay.account import Account
from tests.soak.shop import PAID, PURSE, SUMS, TICK, Entry, Purse, Turnover, sums
from tests.soak.working import SHARDS


def wrongs(store: EventStore, account: Account, serving: int) -> dict[str, Any]:
    """What does not agree with the log; nothing, when all is well."""
    found = {
        "streams": _streams(store),
        "rows": _rows(store),
        "messages": account.faults(_committed(store)),
        "repeats": _repeats(store),
        "consumers": _consumers(store),
        "read model": _read_model(store, serving),
        "snapshots": _snapshots(store),
        "letters": [str(letter) for letter in Consumer(store, "flaky").letters()],
    }
    return {what: wrong for what, wrong in found.items() if wrong}


def _streams(store: EventStore) -> list[str]:
    """Streams whose versions have a hole, a double or a position that does not grow."""
    versions: Counter[str] = Counter()
    wrong: list[str] = []
    last = 0
    for recorded in store.read(events=Moved):
        versions[recorded.stream.path] += 1
        if recorded.version != versions[recorded.stream.path] or recorded.position <= last:
            wrong.append(f"{recorded.stream.path} {recorded.version} at {recorded.position}")
        last = recorded.position
    return wrong


def _rows(store: EventStore) -> set[tuple[str, int, int]]:
    """Events without the row of their transaction, and rows without their event."""
    events = {
        (each.stream.id, each.version, each.event.amount)
        for each in store.read(events=Moved, categories=[PURSE])
    }
    with store.engine.connect() as connection:
        rows = connection.execute(select(Entry.purse, Entry.version, Entry.amount))
        return events ^ {(purse, version, amount) for purse, version, amount in rows}


def _committed(store: EventStore) -> dict[str, list[int]]:
    """Numbers of the messages of each purse, in order: one for each event."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for recorded in store.read(events=Moved, categories=[PURSE]):
        numbers[recorded.stream.id].append(recorded.version)
    return numbers


def _repeats(store: EventStore) -> list[str]:
    """Ticks and messages of a broker that took effect more than once."""
    paid = [each for each in store.read(events=Moved, categories=[PAID]) if each.version > 1]
    ids = Counter(each.event_id for each in store.read(events=Moved, categories=[TICK]))
    return [each.stream.path for each in paid] + [str(id) for id, n in ids.items() if n > 1]


def _consumers(store: EventStore) -> dict[str, dict[str, int]]:
    """Consumers whose tables are not what a fold of the log gives."""
    outcomes = {
        name: outcome_of(store, name, [PURSE] if is_manager else [], mirrors=is_manager)
        for name in SHARDS
        for is_manager in [name == "manager"]
    }
    return {name: outcome.faults for name, outcome in outcomes.items() if outcome.faults}


def _read_model(store: EventStore, serving: int) -> dict[str, Any]:
    """Streams whose sum in the version that serves is another than the log's."""
    model = sums(store, serving)
    model.build()
    totals: Counter[str] = Counter()
    for recorded in store.read(events=Moved):
        totals[recorded.stream.path] += recorded.event.amount
    table = model.tables[SUMS]
    with store.engine.connect() as connection:
        rows = connection.execute(select(table.c.stream, table.c.total))
        held = {stream: total for stream, total in rows}  # noqa: C416 - a Row is no tuple for dict
    streams = held.keys() | totals.keys()
    return {id: (held.get(id), totals[id]) for id in streams if held.get(id) != totals[id]}


def _snapshots(store: EventStore) -> list[str]:
    """States that a load with a snapshot makes another than a full replay."""
    wrong: list[str] = []
    events: defaultdict[str, list[int]] = defaultdict(list)
    for recorded in store.read(events=Moved, categories=[PURSE]):
        events[recorded.stream.id].append(recorded.event.amount)
    with UnitOfWork(store) as uow:
        for id, amounts in events.items():
            purse = uow.get(Purse, id)
            if (sum(amounts), len(amounts)) != (purse.balance, purse.moves):
                wrong.append(id)
    turnover, folded = store.project(Turnover), [e.event.amount for e in store.read(events=Moved)]
    if (len(folded), sum(folded)) != (turnover.events, turnover.total):
        wrong.append("turnover")
    return wrong


def outbox_rows(store: EventStore) -> int:
    """Messages that are still in the outbox, sent or not."""
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(outbox)) or 0
