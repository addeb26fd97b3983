"""What operators do: import a history, delete what was sent, steer a consumer and its letters."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sourcery import (
    Consumer,
    ErrorPolicy,
    PastEvent,
    Recorded,
    Stream,
    Subscriber,
    UnitOfWork,
    import_events,
    purge_inbox,
    purge_outbox,
)
from tests.faults.model import Base, Moved
from tests.kills.work import PAGE, POISON, SOUR, Work

#: The category of what is imported, and the consumer that is steered.
PAST: Final = "past"
COPIER: Final = "copier"
#: Amounts of one round's history, by category; the first that is sour nobody can handle at first.
HISTORY: Final = {PAST: [1, 2, 3, 4, 5], SOUR: [POISON, 6]}
#: Events or rows of one transaction.
_FEW: Final = 2
_NOW: Final = timedelta(0)


class Copied(Base):
    """An event that the steered consumer was given, however often."""

    __tablename__ = "kills_copied"

    stream: Mapped[str] = mapped_column(String(50), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


def import_history(work: Work) -> None:
    """A history of two streams that take turns, a few events at a time."""
    past = [
        PastEvent(stream=Stream(category, f"b-{work.name}"), version=n + 1, event=Moved(amount))
        for n in range(len(HISTORY[PAST]))
        for category, amounts in HISTORY.items()
        for amount in amounts[n : n + 1]
    ]
    with work.points.during("import"):
        import_events(work.store, past, batch=_FEW)


def purge(work: Work) -> None:
    """What was sent and what was accepted, however young."""
    with work.points.during("purge"):
        purge_outbox(work.store, older_than=_NOW, chunk=_FEW)
        purge_inbox(work.store, older_than=_NOW, chunk=_FEW)


def steer(work: Work) -> None:
    """Park what cannot be handled, go back before it, park it again; mend it and try again."""
    consumer = Consumer(work.store, COPIER)
    _copy(work, _ill)
    with work.points.during("request"):
        consumer.rewind(_beginning(work))
    _copy(work, _ill)
    with work.points.during("request"):
        consumer.retry()
    _copy(work, _well)


def _beginning(work: Work) -> int:
    """The position before this round's first event that was parked."""
    first = next(iter(work.store.read(Stream(SOUR, f"b-{work.name}"))))
    return first.position - 1


def _copy(work: Work, handler: Callable[[UnitOfWork, Recorded[Moved]], None]) -> None:
    given_up: Any = ErrorPolicy("park", retries=0)
    subscriber = Subscriber(
        work.store,
        COPIER,
        handler,
        events=Moved,
        page=PAGE,
        lease=work.lease,
        on_error=given_up,
    )
    work.drain(subscriber, COPIER)


def _ill(uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
    if recorded.event.amount == POISON:
        raise ValueError("nobody can handle this yet")
    _well(uow, recorded)


def _well(uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
    uow.session.merge(Copied(stream=recorded.stream.path, version=recorded.version))
