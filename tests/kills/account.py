"""What must be there after so many rounds, whoever died in them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.orm import Session

from sourcery import EventStore, schema, serving_model
from sourcery.inbox import MARK
from tests.domain import Deposited
from tests.faults.model import BUSY, CALM, Applied, Moved
from tests.faults.outcome import outcome_of
from tests.kills.operating import COPIER, HISTORY, Copied
from tests.kills.work import COMMANDS, SOUR, SUBSCRIBER, Ledger
from tests.read_models.support import first, held, second
from tests.relay.ledger import Ledger as Sent
from tests.relay.support import TOPIC, letter_facts


@frozen
class Account:
    """Of the parts that were done in each round."""

    store: EventStore
    #: Where messages were sent.
    path: Path
    parts: tuple[str, ...]
    rounds: int

    def faults(self) -> dict[str, object]:
        """What is wrong, by what it is."""
        found: dict[str, object] = {}
        if "write" in self.parts:
            found |= self._of_writers()
        if "handle" in self.parts:
            found |= self._of_handlers()
        if "send" in self.parts:
            found |= self._of_relays()
        if "switch" in self.parts:
            found |= self._of_models()
        if "purge" in self.parts:
            found |= self._of_purges()
        if "import" in self.parts:
            found |= self._of_imports()
        if "steer" in self.parts:
            found |= self._of_letters()
        return {what: which for what, which in found.items() if which}

    @property
    def _names(self) -> list[str]:
        return [f"r-{number + 1}" for number in range(self.rounds)]

    def _of_writers(self) -> dict[str, object]:
        """Each command has its events, its row and its messages, once and in order."""
        streams: dict[str, list[int]] = {}
        versions: dict[str, list[int]] = {}
        for recorded in self.store.read(events=Moved, unsettled=True):
            streams.setdefault(recorded.stream.path, []).append(recorded.event.amount)
            versions.setdefault(recorded.stream.path, []).append(recorded.version)
        with self.store.engine.connect() as connection:
            inline = select(Applied.event_id).where(Applied.consumer == "inline")
            rows = Counter(connection.scalars(inline))
        names, numbers = self._names, range(1, COMMANDS + 1)
        return {
            "events": _differing(_streams(names), streams),
            "versions": [path for path, found in versions.items() if found != [1, 2]],
            "rows": _differing({f"{name}-{n}": 1 for name in names for n in numbers}, rows),
            "snapshots": self._wrong_snapshots(),
        }

    def _wrong_snapshots(self) -> list[str]:
        """The state, by its snapshot if it has one, against what the stream says."""
        ids = [f"a-{name}" for name in self._names]
        found = {id: self.store.load(Ledger, id).last for id in ids}
        return _differing(dict.fromkeys(ids, 4), found)

    def _of_handlers(self) -> dict[str, object]:
        """The view is the log, and what could not be handled waits in order."""
        outcome = outcome_of(self.store, SUBSCRIBER, (BUSY, CALM), mirrors=True)
        parked = [(f"{SOUR}/b-{n}", s) for n in self._names for s in ("parked", "behind")]
        letters = [(key, s) for key, s, _ in letter_facts(self.store, SUBSCRIBER)]
        return {"view": outcome.faults, "letters": _differing(_list(parked), _list(letters))}

    def _of_relays(self) -> dict[str, object]:
        """What was sent is the outbox, in order per key; the bad are parked in order."""
        sent = Sent(path=self.path).read()
        expected = _messages(self._names, handled="handle" in self.parts)
        with self.store.engine.connect() as connection:
            keys = Counter(connection.scalars(select(schema.outbox.c.key)))
        letters = _list((key, s) for key, s, _ in letter_facts(self.store))
        bad = [(f"{TOPIC}/bad-{n}", s) for n in self._names for s in ("parked", "behind")]
        written = {key: len(numbers) for key, numbers in expected.items()}
        if "purge" in self.parts:  # what has letters stays
            written = {}
        written |= {f"bad-{name}": 2 for name in self._names}
        return {
            "outbox": _differing(written, keys),
            "sent": sent.faults(expected),
            "bad messages": _differing(_list(bad), letters),
        }

    def _of_models(self) -> dict[str, object]:
        """The version that was built last serves, and holds what the log says."""
        totals = {r.stream.id: r.event.amount for r in self.store.read(events=Deposited)}
        version, rows = self._served()
        right = 1 + self.rounds % 2
        return {"model": _differing(totals, rows), "serving": [version] * (version != right)}

    def _of_purges(self) -> dict[str, object]:
        """Nothing is left that was accepted, but the mark."""
        with self.store.engine.connect() as connection:
            kept = set(connection.scalars(select(schema.inbox.c.message_id)))
        return {"inbox": sorted(kept - {MARK})}

    def _of_imports(self) -> dict[str, object]:
        """Each history is there, once and in order."""
        found: dict[str, list[int]] = {}
        for recorded in self.store.read(categories=list(HISTORY), unsettled=True):
            found.setdefault(recorded.stream.path, []).append(recorded.event.amount)
        places = {(category, name) for category in HISTORY for name in self._names}
        given = {f"{category}/b-{name}": HISTORY[category] for category, name in places}
        return {"history": _differing(given, found)}

    def _of_letters(self) -> dict[str, object]:
        """The steered consumer was given everything, and nothing waits any more."""
        stored = {(r.stream.path, r.version) for r in self.store.read(events=Moved)}
        with Session(self.store.engine) as session:
            copied = {(row.stream, row.version) for row in session.scalars(select(Copied))}
        waiting = [key for key, _, _ in letter_facts(self.store, COPIER)]
        return {"copied": sorted(stored ^ copied), "waiting": waiting}

    def check_readers(self) -> None:
        """What holds at any moment: a version that serves is whole, no letter is to come again."""
        if "switch" in self.parts and self.rounds > 1:
            assert {f"r-{n}" for n in range(1, self.rounds)} <= self._served()[1].keys()
        if "steer" in self.parts:
            rows, letters = schema.consumers.c, schema.dead_letters.c
            of_copier = (rows.name == COPIER) & (letters.consumer == rows.name)
            above = select(letters.position).where(of_copier & (letters.position > rows.position))
            with self.store.engine.connect() as connection:
                assert [] == connection.scalars(above).all()

    def _served(self) -> tuple[int, Mapping[str, int]]:
        with Session(self.store.engine) as session:
            model = serving_model(session, first(self.store), second(self.store))
        return model.version, held(self.store, model)


def _streams(names: list[str]) -> dict[str, list[int]]:
    kinds = {
        f"{CALM}/a-": [1, 4],
        f"{BUSY}/b-": [2, 5],
        f"{BUSY}/c-": [3, 6],
        f"{SOUR}/b-": [-1, 5],
    }
    return {f"{kind}{name}": numbers for name in names for kind, numbers in kinds.items()}


def _messages(names: list[str], *, handled: bool) -> dict[str, list[int]]:
    """Those that can be sent, by key in order."""
    expected = {name: list(range(1, COMMANDS + 1)) for name in names}
    for kind, numbers in (("a", [1, 4]), ("b", [2, 5]), ("c", [3, 6])) if handled else ():
        expected |= {f"{kind}-{name}": numbers for name in names}
    return expected


def _list(facts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What is said of each, in order."""
    found: dict[str, list[str]] = {}
    for key, fact in facts:
        found.setdefault(key, []).append(fact)
    return found


def _differing(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """Those of which something else is true."""
    keys = expected.keys() | found.keys()
    return sorted(key for key in keys if expected.get(key) != found.get(key))
