"""One process that does its work and is killed at a point of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from attrs import frozen

from sourcery import EventStore
from tests.domain import Account
from tests.faults.life import sabotaged
from tests.faults.model import Mirror, Moved
from tests.kills.operating import import_history, purge, steer
from tests.kills.points import Moment, Points, Say
from tests.kills.work import Ledger, Work

#: Of the store, in processes and tests.
AGGREGATES: Final = (Ledger, Mirror, Account)
#: Parts of the work, in the order in which they are done.
PARTS: Final[dict[str, Callable[[Work], None]]] = {
    "import": import_history,
    "write": Work.write,
    "handle": Work.handle,
    "send": Work.send,
    "purge": purge,
    "steer": steer,
    "switch": Work.switch,
}


@frozen(kw_only=True)
class Spec:
    """What a process is to do, and where it ends."""

    url: str
    #: Where messages are sent.
    path: str
    #: Names the round.
    name: str
    parts: tuple[str, ...]
    #: When its messages were sent, in ISO format.
    sent_at: str
    step: str = ""
    moment: Moment = "before"
    #: The how-manieth time it is there; 0 is never.
    at: int = 0
    lease: float = 0.2
    #: Safeguards to switch off.
    sabotage: tuple[str, ...] = ()


def live(spec: Spec, say: Say) -> None:
    """Do all parts, or die."""
    sabotaged(spec.sabotage)
    points = Points(say, (spec.step, spec.moment, spec.at))
    with EventStore(spec.url, aggregates=AGGREGATES, events=Moved) as store:
        points.install(store.engine)
        sent_at = datetime.fromisoformat(spec.sent_at)
        work = Work(store, points, spec.name, spec.path, spec.lease, sent_at)
        for part in spec.parts:
            PARTS[part](work)
    points.report()
