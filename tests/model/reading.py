"""Rules of those who read: the log at any moment, subscriptions, states with snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, rule
from sqlalchemy import update

from sourcery import Recorded, Stream, delete_snapshots, schema, verify_snapshots
from sourcery.errors import StreamNotFound
from tests.domain import Account, Deposited, Order
from tests.model.domain import PLACES, Card, Movements
from tests.model.log import Event, Place, balance
from tests.model.parts import Part

MONEY = ("Opened", "Deposited", "Withdrawn")
#: What becomes of snapshots.
SPOILT = [
    "take",
    "take",
    "verify",
    "delete",
    "damage",
    "ahead",
    "other tag",
    "other code",
    "strange",
]
#: States that no history here leads to.
STRANGE = {
    "aggregate:account": b'{"owner":"a stranger","balance":-1}',
    "projection:movements": b'{"amounts":[-1]}',
    "projection:card": b'{"steps":["0 Lost"]}',
}
indices = st.integers(0, 9)
#: Ways to read: a word and what it needs.
looks = st.one_of(
    st.tuples(
        st.just("log"), st.sets(st.sampled_from(["account", "order", "mirror"])), st.booleans()
    ),
    st.tuples(st.just("stream"), st.sampled_from(PLACES), st.integers(1, 4), st.integers(0, 3)),
    st.tuples(st.just("between"), indices, indices, st.integers(0, 4)),
    st.tuples(st.just("until"), indices),
    st.tuples(st.just("load"), st.sampled_from(PLACES), st.none() | st.integers(1, 4)),
    st.tuples(st.just("project")),
    st.tuples(st.just("card"), st.sampled_from(["1", "2"])),
)


class Reading(Part):
    """Nobody writes here but snapshots."""

    subscriptions = Bundle("subscriptions")

    def learn(self, stored: Sequence[Recorded[Any]]) -> None:
        """All that is committed is there, in order; what it was given is never changed."""
        events = self.log.events()
        assert [described(event) for event in events] == [described_stored(r) for r in stored]
        for event, recorded in zip(events, stored, strict=True):
            learned = (event.position, event.recorded_at, event.id)
            event.position, event.recorded_at = recorded.position, recorded.recorded_at
            assert learned[0] in (0, recorded.position)
            assert learned[1] in (None, recorded.recorded_at)
            assert learned[2] in (None, recorded.event_id)
            event.id = recorded.event_id
        positions = [event.position for event in events]
        assert sorted(set(positions)) == positions

    def settled(self, read: Sequence[Recorded[Any]], of: Sequence[Event]) -> None:
        """A reader has all that is settled, and nothing that is not."""
        have = [recorded.position for recorded in read]
        assert [event.position for event in of][: len(have)] == have
        assert all(self.log.may_be_read(event) for event in of[: len(have)])
        assert not any(self.log.must_be_read(event) for event in of[len(have) :])

    # -- the log -----------------------------------------------------------------------

    @rule(look=looks)
    def look(self, look: tuple[Any, ...]) -> None:
        """Read, at any moment, in one of many ways."""
        what, *details = look
        getattr(self, f"_look_{what}")(*details)

    def _look_log(self, categories: set[str], money: bool) -> None:
        """Forward, up to what is settled."""
        chosen = [e for e in self.log.events() if not categories or e.place[0] in categories]
        if money:
            chosen = [event for event in chosen if type(event.body).__name__ == "Deposited"]
        options = {"events": Deposited} if money else {}
        read = list(self.world.store.read(categories=sorted(categories), **options))  # type: ignore[call-overload]
        self.settled(read, chosen)

    def _look_stream(self, place: Place, first: int, more: int) -> None:
        """All that is committed, whatever is settled; forward and backward."""
        chosen = self.log.stream(place)[first - 1 : first + more]
        bounds: Any = {"from_version": first, "to_version": first + more}
        for backward in (False, True):
            read = self.world.store.read(Stream(*place), backward=backward, **bounds)
            positions = [event.position for event in chosen]
            assert positions[:: -1 if backward else 1] == [recorded.position for recorded in read]

    def _look_between(self, after: int, to: int, limit: int) -> None:
        """Between two events of the log, from the end, and no more than so many."""
        events = self.log.events()
        if not events:
            return
        low, high = (events[n % len(events)].position for n in (after, to))
        chosen = [event.position for event in events if low < event.position <= high]
        options: Any = {"after": low, "to": high, "backward": True, "unsettled": True}
        read = self.world.store.read(limit=limit, **options)
        assert chosen[::-1][:limit] == [recorded.position for recorded in read]

    def _look_until(self, which: int) -> None:
        """What was recorded by a time."""
        moment = self._moment(which)
        if moment is None:
            return
        chosen = [e for e in self.log.events() if e.recorded_at is not None]
        chosen = [e for e in chosen if e.recorded_at <= moment]  # type: ignore[operator]
        read = self.world.store.read(until=moment, unsettled=True)
        assert [event.position for event in chosen] == [recorded.position for recorded in read]

    def _moment(self, which: int) -> datetime | None:
        events = self.log.events()
        return events[which % len(events)].recorded_at if events else None

    @rule(target=subscriptions)
    def subscribe(self) -> Any:
        """One that reads on and on, from the origin."""
        return self.world.store.subscribe(timeout=0), []

    @rule(subscription=subscriptions)
    def follow(self, subscription: Any) -> None:
        """All that has settled since, once and in order."""
        events, had = subscription
        had += list(events)
        self.settled(had, self.log.events())

    # -- states ------------------------------------------------------------------------

    def _look_load(self, place: Place, version: int | None) -> None:
        """An aggregate as it is, or as it was, is the fold of its events."""
        events = self.log.stream(place)[:version]
        cls = Account if place[0] == "account" else Order
        try:
            loaded: Any = self.world.store.load(cls, place[1], version=version)
        except StreamNotFound:
            assert events == []
            return
        assert len(events) == loaded.version
        if place[0] == "account":
            assert balance(events) == loaded.balance

    def _look_project(self) -> None:
        """A projection is the fold of all that is settled, and says how far that is."""
        if not self.may_write():
            return  # its snapshot would wait for the writer
        state = self.world.store.project(Movements)
        events = [e for e in self.log.events() if type(e.body).__name__ in MONEY]
        folded = [event for event in events if event.position <= state.position]
        assert [getattr(event.body, "amount", 0) for event in folded] == state.amounts
        assert all(self.log.may_be_read(event) for event in folded)
        assert not any(self.log.must_be_read(event) for event in events[len(folded) :])

    def _look_card(self, id: str) -> None:
        """The same of one stream."""
        if not self.may_write():
            return
        state = self.world.store.project(Card, id)
        events = self.log.stream(("order", id))
        steps = [f"{event.version} {type(event.body).__name__}" for event in events]
        settled = [step for step, e in zip(steps, events, strict=True) if self._is_in(e, state)]
        assert settled == state.steps
        late = [event for event in events if not self._is_in(event, state)]
        assert not any(self.log.must_be_read(event) for event in late)

    def _is_in(self, event: Event, state: Any) -> bool:
        return event.position <= int(state.position)

    # -- snapshots ---------------------------------------------------------------------

    @rule(how=st.sampled_from(SPOILT), place=st.sampled_from(PLACES))
    def snapshots(self, how: str, place: Place) -> None:
        """One is asked for, all are verified, or something becomes of them."""
        if how == "verify":
            self._verify()
        elif self.may_write():
            self._take(place) if how == "take" else self._spoil(how)

    def _take(self, place: Place) -> None:
        if self.log.stream(place):
            cls: Any = Account if place[0] == "account" else Order
            self.world.store.snapshot(cls, place[1])

    def _spoil(self, how: str) -> None:
        """Whatever becomes of them: no state is another one for that."""
        if how == "delete":
            delete_snapshots(self.world.store)
            return
        if how == "strange":
            self.world.replace_snapshots(STRANGE)
            return
        values: dict[str, Any] = {
            "damage": {"state": b"{"},
            "ahead": {"version": schema.snapshots.c.version + 100_000_000},
            "other tag": {"schema_tag": "1-of-another-release"},
            "other code": {"codec": "unheard of"},
        }[how]
        if how == "other tag":
            delete_snapshots(self.world.store, tag="1-of-another-release")
        with self.world.store.engine.begin() as connection:
            connection.execute(update(schema.snapshots).values(**values))

    def _verify(self) -> None:
        """No snapshot is wrong."""
        for cls in (Account, Order, Movements, Card):
            check = verify_snapshots(self.world.store, cls)  # type: ignore[arg-type]
            assert ([], []) == (check.wrong, check.failed)


def described(event: Event) -> tuple[Any, ...]:
    """What is promised of an event before it was ever read."""
    return (*event.place, event.version, event.body, event.actor)


def described_stored(recorded: Recorded[Any]) -> tuple[Any, ...]:
    """The same of what is stored."""
    stream, actor = recorded.stream, recorded.metadata.actor
    return (stream.category, stream.id, recorded.version, recorded.event, actor or "")
