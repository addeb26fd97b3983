"""Rules of units of work: on their own, left open for a while, and inside others' transactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from attrs import define, evolve, field
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, rule
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sourcery import UnitOfWork
from tests.domain import Opened
from tests.model.domain import PLACES, event_of
from tests.model.log import Level, Open, Place
from tests.model.parts import Part, nothing_open
from tests.model.work import EXPECTATIONS, WRITTEN, Append, Work, expectation, new_ids

places = st.sampled_from(PLACES)
keys = st.sampled_from(["a", "b", None])
#: What is done in a unit of work: a word and what it needs.
Op: TypeAlias = tuple[Any, ...]
whats = st.integers(0, 2)
#: Those that always store something.
storing = st.one_of(
    st.tuples(st.just("append"), places, st.lists(whats, min_size=1, max_size=3), st.just("right")),
    st.tuples(st.just("decide"), places, whats),
    st.tuples(st.just("publish"), keys),
)
ops = st.one_of(
    storing,
    storing,
    st.tuples(
        st.just("append"), places, st.lists(whats, max_size=3), st.sampled_from(EXPECTATIONS)
    ),
    st.tuples(
        st.just("accept"), st.sampled_from(["c", "d"]), st.sampled_from(["1", "2"]), st.booleans()
    ),
    st.tuples(st.just("note")),
    st.tuples(st.just("named"), places, st.integers(1, 2)),
    st.tuples(
        st.just("again"),
        st.integers(0, 5),
        st.sampled_from(["same", "same", "other", "half", "first", "later"]),
    ),
    st.tuples(st.just("snapshot")),
)
several = st.lists(ops, min_size=1, max_size=4)
#: How histories begin: with something stored, and messages that were accepted.
accepting = st.tuples(
    st.just("accept"), st.sampled_from(["c", "d"]), st.sampled_from(["1", "2"]), st.just(False)
)
beginnings = st.lists(
    st.lists(st.one_of(storing, storing, accepting), min_size=1, max_size=3), min_size=2, max_size=5
)
#: What holds the only writer of SQLite from then on.
_TOUCHING: Final = ("decide", "accept", "note")


@define(eq=False)
class Transaction:
    """A transaction of the caller's, and its savepoints."""

    owner: Session | Connection
    model: Open
    savepoints: list[Any] = field(factory=list[Any])


class Writing(Part):
    """One store, many writers."""

    units = Bundle("units")
    transactions = Bundle("transactions")

    # -- units of their own ------------------------------------------------------------

    def unit_of_work(self, given: Sequence[Op], abandoned: int) -> None:
        """From its beginning to its end."""
        if not self.may_write():
            return
        work = self._open(None)
        self._do_all(work, given)
        self.close(work, keep=abandoned > 0)

    @rule(given=several, abandoned=st.integers(0, 9))
    def unit(self, given: Sequence[Op], abandoned: int) -> None:
        """A unit of work from its beginning to its end."""
        self.unit_of_work(given, abandoned)

    @rule(given=several, abandoned=st.integers(0, 9))
    def another_unit(self, given: Sequence[Op], abandoned: int) -> None:
        """The same: Hypothesis leaves rules out of a history, which without any unit is empty."""
        self.unit_of_work(given, abandoned)

    @rule(target=units)
    def open_unit(self) -> Any:
        """A unit of work that stays open for a while."""
        return self._open(None)

    @rule(unit=units, op=ops)
    def in_unit(self, unit: Work, op: Op) -> None:
        """Do something in it, and something else may come before its end."""
        if unit in self.opened and (op[0] not in _TOUCHING or self.may_write(unit)):
            self._do(unit, op)
            if unit.touches and not self.world.concurrent:
                self.writer = unit

    @rule(unit=consumes(units), keep=st.booleans())
    def close_unit(self, unit: Work, keep: bool) -> None:
        """The end of it."""
        if not self.may_write(unit):
            keep = False
        self.close(unit, keep=keep)
        if self.writer is unit:
            self.writer = None

    # -- in transactions of others -----------------------------------------------------

    @rule(target=transactions, by_session=st.booleans())
    def begin(self, by_session: bool) -> Any:
        """A transaction of the caller's."""
        if not self.may_write() or len(self.callers) > 2:
            return nothing_open()
        engine = self.world.store.engine
        owner = Session(engine) if by_session else engine.connect()
        owner.begin()
        self.callers.append(Transaction(owner, self.log.begin()))
        if not self.world.concurrent:
            self.writer = self.callers[-1]
        return self.callers[-1]

    @rule(
        caller=transactions,
        given=st.lists(ops, min_size=1, max_size=3),
        abandoned=st.integers(0, 5),
    )
    def join(self, caller: Transaction, given: Sequence[Op], abandoned: int) -> None:
        """A unit of work inside it."""
        if caller in self.callers:
            work = self._open(caller)
            self._do_all(work, given)
            self.close(work, keep=abandoned > 0)

    @rule(caller=transactions)
    def savepoint(self, caller: Transaction) -> None:
        """A savepoint of the caller's."""
        if caller in self.callers and len(caller.savepoints) < 3:
            caller.savepoints.append(caller.owner.begin_nested())
            caller.model.levels.append(Level())

    @rule(caller=transactions, back=st.booleans())
    def end_savepoint(self, caller: Transaction, back: bool) -> None:
        """Back to the last savepoint, or on without it."""
        if caller not in self.callers or not caller.savepoints:
            return
        savepoint = caller.savepoints.pop()
        if back:
            savepoint.rollback()
            self.log.roll_back(caller.model, caller.model.levels[-1:])
        else:
            savepoint.commit()
            self.log.release(caller.model)

    @rule(caller=transactions, given=st.lists(storing, min_size=1, max_size=2))
    def undo(self, caller: Transaction, given: Sequence[Op]) -> None:
        """A unit of work inside it that a savepoint of the caller's undoes: it may write on."""
        if caller in self.callers and len(caller.savepoints) < 3:
            self.savepoint(caller)
            self.join(caller, given, abandoned=1)
            self.end_savepoint(caller, back=True)

    @rule(caller=consumes(transactions), keep=st.integers(0, 3))
    def end(self, caller: Transaction, keep: int) -> None:
        """Commit it, or roll it back."""
        if caller not in self.callers:
            return
        self.callers.remove(caller)
        self.end_transaction(caller, keep=keep > 0)

    def end_transaction(self, caller: Transaction, *, keep: bool) -> None:
        """To both sides."""
        if keep:
            caller.owner.commit()
            self.log.commit(caller.model)
        else:
            caller.owner.rollback()
            self.log.roll_back(caller.model, list(caller.model.levels))
            self.log.open.remove(caller.model)
        caller.owner.close()
        if self.writer is caller:
            self.writer = None
        self.changed = True

    # -- how ---------------------------------------------------------------------------

    def _open(self, caller: Transaction | None) -> Work:
        owner = {} if caller is None else {"session": caller.owner}
        uow = UnitOfWork(self.world.store, **owner)  # type: ignore[arg-type]
        uow.__enter__()
        within = None if caller is None else caller.model
        own = self.log.begin()
        work = Work(self.world, self.log, uow, within, own, actor=f"actor {self.count()}")
        self.opened.append(work)
        return work

    def close(self, work: Work, *, keep: bool) -> None:
        """The end of one that is open: what fails before it leaves it to the end of the history."""
        self.opened.remove(work)
        self.log.open.remove(work.own)
        if not keep or work.waits():
            work.abandon()
            return
        if work.finish() == WRITTEN and work.within is None:
            self.tokens.append((work.uow.token, work.level.entries))
        self.changed = True

    def _do_all(self, work: Work, given: Sequence[Op]) -> None:
        for op in given:
            self._do(work, op)

    def _do(self, work: Work, op: Op) -> None:
        what, *details = op
        getattr(self, f"_do_{what}")(work, *details)

    def _do_append(self, work: Work, place: Place, whats: Sequence[int], word: str) -> None:
        events = [event_of(place, what, self.count()) for what in whats]
        expected = expectation(word, len(self.log.stream(place, work.within)))
        work.append(Append(place, events, expected))

    def _do_decide(self, work: Work, place: Place, what: int) -> None:
        work.decide(place, what, self.count())

    def _do_publish(self, work: Work, key: str | None) -> None:
        work.publish(key, self.count())

    def _do_accept(self, work: Work, consumer: str, message_id: str, is_old: bool) -> None:
        work.accept(consumer, message_id, is_old=is_old)

    def _do_note(self, work: Work) -> None:
        work.note(f"note {self.count()}")

    def _do_snapshot(self, work: Work) -> None:
        work.snapshot()

    def _do_named(self, work: Work, place: Place, count: int) -> None:
        """Append with event ids of the caller's."""
        events = [event_of(place, 0, self.count()) for _ in range(count)]
        head = len(self.log.stream(place, work.within))
        given = Append(place, events, head, new_ids(count))
        if work.append(given):
            self.named.append(given)

    def _do_again(self, work: Work, which: int, how: str) -> None:
        """Send one of those again: as it was, or misused."""
        if not self.named:
            return
        given = self.named[which % len(self.named)]
        assert given.ids is not None
        again = {
            "same": given,
            "other": evolve(given, events=[*given.events[:-1], Opened("somebody else")]),
            "half": evolve(
                given,
                events=[*given.events[:1], Opened("one more")],
                ids=[*given.ids[:1], *new_ids(1)],
            ),
            "first": evolve(given, events=given.events[:1], ids=given.ids[:1]),
            "later": evolve(
                given,
                expected=given.expected + 1,
                events=[event_of(given.place, 0, self.count()) for _ in given.events],
            ),
        }[how]
        if given.place[0] == "account" or how in ("same", "first", "later"):
            work.append(again)
