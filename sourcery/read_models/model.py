"""Read models in versions: the next one is built from the log while the last one serves.

def keep(uow: UnitOfWork, recorded: Recorded[AccountEvent], tables: Tables) -> None:
    uow.session.execute(insert(tables[balances]).values(...))

model = ReadModel(store, "balances", keep, version=2, tables=[balances], events=AccountEvent)
model.build()
model.switch()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Any, Literal, TypeVar, overload

from sqlalchemy import Table
from typing_extensions import TypeForm, Unpack

from sourcery.control import Consumer
from sourcery.control.looking import check_seconds
from sourcery.errors import InvalidArgument
from sourcery.read_models import making, switching
from sourcery.read_models.building import Progress, Watch, build
from sourcery.read_models.comparing import Comparison, compare
from sourcery.read_models.standing import Rehearsal, Standing, rehearse, standing
from sourcery.read_models.tables import Tables
from sourcery.read_models.verifying import verify
from sourcery.read_models.version import Declaration, Version
from sourcery.recorded import Recorded
from sourcery.selection import check_call
from sourcery.store import EventStore
from sourcery.subscriber import Tuning
from sourcery.unit_of_work import UnitOfWork

E = TypeVar("E")


class ReadModel:
    """One version of a read model: tables of its own, filled by the consumer `name@version`.

    `handler(uow, recorded, tables)` is called as that of a `Subscriber` is, each event exactly
    once, and changes rows of `tables[...]` through `uow.session`. It may read anything; what it
    records, appends or publishes is refused with `EffectRefused`, since a rebuild would do it
    again. With `batch=True` it is given a list of events.

    `tables` are declared as ever, with a primary key and without foreign keys. They are made
    under names of this version at its first run, for which the role needs CREATE, or by
    `prepare()`. Another set of columns, events or another handler is another version.
    """

    @overload
    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[[UnitOfWork, Recorded[E], Tables], object],
        *,
        version: int,
        tables: Iterable[Table],
        events: TypeForm[E],
        batch: Literal[False] = False,
        **tuning: Unpack[Tuning],
    ) -> None: ...

    @overload
    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[[UnitOfWork, Sequence[Recorded[E]], Tables], object],
        *,
        version: int,
        tables: Iterable[Table],
        events: TypeForm[E],
        batch: Literal[True],
        **tuning: Unpack[Tuning],
    ) -> None: ...

    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[..., object],
        *,
        version: int,
        tables: Iterable[Table],
        events: Any,
        batch: bool = False,
        **tuning: Any,
    ) -> None:
        """Declare the version; nothing connects before it runs. For the rest see `Subscriber`."""
        declaration = Declaration(
            store=store,
            name=name,
            handler=handler,
            number=version,
            declared=tables,
            events=events,
            batch=batch,
            tuning=tuning,
        )
        self._version: Version = declaration.version()
        self._check: Version = declaration.check()
        self._watch: Watch | None = None

    # -- what it is --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name that all its versions have."""
        return self._version.name

    @property
    def version(self) -> int:
        """The number of this version."""
        return self._version.number

    @property
    def tables(self) -> Tables:
        """The tables of this version, to read: whether it serves, `serving_model` says."""
        return self._version.tables

    @property
    def consumer(self) -> Consumer:
        """Its consumer, to see and to steer. A rewind leaves the rows: drop() and build instead."""
        return Consumer(self._version.store, self._version.consumer)

    # -- filling it --------------------------------------------------------------------

    def prepare(self) -> None:
        """Make its tables, if they are not there. Commits; any number of processes may call it.

        Raises `ReadModelDamaged` when tables and checkpoint no longer belong together, and
        `ReadModelMismatch` when its columns were changed without another version.
        """
        self._version.store.database.start()
        making.prepare(self._version)

    def run(self, stop: Event | None = None) -> None:
        """Build it, then keep it current, until `stop` is set; as `Subscriber.run`."""
        self.prepare()
        self._version.subscriber.run(stop)

    def stop(self) -> None:
        """End `run` from another thread."""
        self._version.subscriber.stop()

    def build(
        self,
        timeout: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> None:
        """Work until everything that is settled is handled, then return; goes on after a crash.

        As long as it takes, or `timeout` seconds: then `WaitTimeout`, and what is done is kept.
        `on_progress` is called each second. Raises `ConsumerFailed` when an event fails for good.
        """
        check_call("on_progress", on_progress)
        self.prepare()
        build(self._version, timeout, on_progress)

    def progress(self) -> Progress:
        """How far it is, whoever runs it; its rate is that since the last call on this object.

        Raises `ConsumerNotFound` before its first run.
        """
        watch = self._watch
        if watch is None:
            watch = self._watch = Watch(self._version)
        return watch.progress()

    def standing(self) -> Standing:
        """Whether it was built, fits what is stored, and serves. Only reads."""
        return standing(self._version)

    def rehearse(self, seconds: float = 5.0) -> Rehearsal:
        """Build it aside for so many seconds, and drop that again: how long a build will take.

        Events of the beginning of the log are what is measured. The role needs CREATE. Raises
        `ConsumerFailed` when its handler fails, `ReadModelRefused` while another check runs.
        """
        return rehearse(self._check, check_seconds(seconds))

    # -- giving it to readers ----------------------------------------------------------

    def switch(self, timeout: float = 5.0, *, allow_skipped: bool = False) -> int | None:
        """Let it serve, from one moment to the next; the version that did, None for the first.

        It must have handled everything until now, or do so within `timeout` seconds; else
        `ReadModelRefused`, as for one that has skipped events, unless that is allowed. Raises
        `ConsumerFailed` when it stands still, or has open dead letters. Does nothing when it
        serves already.
        """
        seconds = check_seconds(timeout)
        return switching.switch(self._version, seconds, allow_skipped=allow_skipped)

    def roll_back(self) -> int:
        """Let the version before serve again, in the same way; its number.

        At once, however far that version is. Raises `ReadModelRefused` when this one does not
        serve, or the one before was dropped.
        """
        return switching.roll_back(self._version)

    def drop(self) -> None:
        """Delete its tables, checkpoint and letters. Commits.

        Raises `ReadModelRefused` while it serves or somebody runs or reads it. A reader that
        chose it just before the switch, and reads it only now, fails: wait for these.
        """
        self._version.store.database.start()
        making.drop(self._check)
        making.drop(self._version)

    # -- proving it --------------------------------------------------------------------

    def compare(
        self,
        other: ReadModel,
        *,
        columns: Iterable[str] | None = None,
        sample: float = 1.0,
    ) -> Comparison:
        """Compare its rows with those of another version, both at one position.

        One that nobody runs is first brought to the end of the log by this call. Then both are
        held for as long as it takes to come together, at most 30 seconds, and go on while the
        rows are read. Of the tables and columns that both have, or only these `columns`; all
        rows, or a `sample` share of them. Raises `NotComparable` with the dead letters up to
        there on either side.
        """
        if other.name != self.name or other._version.store is not self._version.store:
            raise InvalidArgument("other", "must be a version of the same read model and store")
        return compare(self._version, other._version, columns, sample)

    def verify(
        self,
        *,
        columns: Iterable[str] | None = None,
        sample: float = 1.0,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Comparison:
        """Build this version anew in tables aside, compare the two, and drop those again.

        While it serves: it costs what a build costs, and this version is held for a moment only.
        `missing` are rows that should be there, `unexpected` those that should not. The role needs
        CREATE. Raises `NotComparable` when its handler fails, or another check of it runs.
        """
        check_call("on_progress", on_progress)
        self.prepare()
        return verify(self._version, self._check, columns, sample, on_progress)
