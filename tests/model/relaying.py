"""Rules of the outbox: what relays send, what they must not, and what is deleted."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from math import inf

from hypothesis import strategies as st
from hypothesis.stateful import rule

from sourcery import Relay, purge_inbox, purge_outbox
from sourcery.errors import ConsumerFailed
from sourcery.messages import Outcome
from tests.model.consuming import Consuming
from tests.model.domain import BY_HAND, MAPPED
from tests.model.fuse import Killed
from tests.model.log import Entry, Message
from tests.model.queues import End, Reader
from tests.model.world import policy
from tests.relay.support import number_of

TOPICS = (BY_HAND, MAPPED)
_OUTCOMES = (Outcome.FAILED, Outcome.REFUSED)
#: How a relay runs: with so many retries, by pages of so many, or till the broker took so many.
relays = st.one_of(
    st.tuples(st.just("all"), st.integers(0, 1)),
    st.tuples(st.just("page"), st.integers(1, 4)),
    st.tuples(st.just("outage"), st.integers(0, 3)),
    st.tuples(st.just("killed"), st.integers(0, 3)),
)


class Relaying(Consuming):
    """One relay, a consumer for each topic."""

    def __init__(self) -> None:
        super().__init__()
        for topic in TOPICS:
            of_topic = partial(_is_of, topic)
            reader = Reader(f"relay:{topic}", "park", of_topic, self._is_refused)
            self.readers[reader.name] = reader
        #: What the broker took though an outage kept the relay from knowing.
        self.ahead: set[int] = set()
        #: What was deleted from the outbox.
        self.purged: list[Message] = []

    def _is_refused(self, entry: Entry) -> bool:
        assert isinstance(entry, Message)
        return entry.n in self.world.broker.sick

    @rule(which=st.integers(0, 9), outcome=st.sampled_from([None, *_OUTCOMES]))
    def refuse(self, which: int, outcome: Outcome | None) -> None:
        """The broker will not take a message, stored already or to come; or it takes all again."""
        messages = [m.n for m in self.log.messages()] + [self._counted + 1]
        if outcome is None:
            self.world.broker.sick.clear()
        else:
            self.world.broker.sick[messages[which % len(messages)]] = outcome

    # -- runs --------------------------------------------------------------------------

    @rule(how=relays)
    def relay(self, how: tuple[str, int]) -> None:
        """Until all is sent or given up, a page, or till the broker or the relay goes away."""
        what, number = how
        if what == "all":
            self.run_relay(retries=number, drained=True)
        elif what == "page":
            self.run_relay(page=number)
        elif what == "killed":
            self.world.fuse.left = number
            self.run_relay(interrupted=True)
            self.world.fuse.left = inf
        else:  # which costs no attempt
            self.world.broker.left = number
            self.run_relay(interrupted=True)
            self.world.broker.left = inf

    def run_relay(
        self, *, retries: int = 0, page: int = 3, drained: bool = False, interrupted: bool = False
    ) -> None:
        """And compare what was sent."""
        if not self.may_write():
            return
        readers = [self.readers[f"relay:{topic}"] for topic in TOPICS]
        new = [reader for reader in readers if not reader.exists]
        for reader in new:
            if any(map(reader.selects, self.log.messages())):
                reader.begin(1)
        relay = Relay(
            self.world.store, self.world.broker, page=page, on_error=policy("park", retries)
        )
        stands = False
        try:
            relay.drain(timeout=30) if drained else relay.run_once()
            end = End.DRAINED if drained else End.PAGE
        except ConsumerFailed:
            end, stands = End.PAGE, True
        except Killed:
            end = End.KILLED
        assert end is End.KILLED or stands == any(map(self._stands, readers))
        for reader in new if end is End.KILLED else []:
            self._unbegin(reader)
        self._compare_all(readers, end)
        self.check_sent(interrupted=interrupted)

    def _stands(self, reader: Reader) -> bool:
        """Of a topic without any message, since all were purged, no relay knows."""
        return reader.is_paused and any(map(reader.selects, self.log.messages()))

    def _unbegin(self, reader: Reader) -> None:
        """A relay that was killed may not have come to every topic."""
        if self.world.seen(reader.name) is None:
            reader.forget()

    def _compare_all(self, readers: list[Reader], end: End) -> None:
        for reader in readers:
            if reader.exists:
                self.compare(reader, end)

    def check_sent(self, *, interrupted: bool = False) -> None:
        """The outbox is what was sent and what is to be; first deliveries in order of each key."""
        done = [e for t in TOPICS for q in self.readers[f"relay:{t}"].done.values() for e in q]
        sent = list(dict.fromkeys(number_of(message) for message in self.world.broker.sent))
        numbers = {entry.n for entry in done if isinstance(entry, Message)}
        if interrupted:
            self.ahead |= set(sent) - numbers
        assert numbers <= set(sent)
        assert set(sent) - numbers <= self.ahead
        if not self.ahead:
            assert len(sent) == len(self.world.broker.sent), "a message was sent twice"
        self._check_order(sent)

    def _check_order(self, sent: list[int]) -> None:
        known = {m.n: m for m in self.all_messages}
        by_key: dict[str, list[int]] = {}
        for n in sent:
            by_key.setdefault(known[n].key, []).append(known[n].position)
        for key, positions in by_key.items():
            assert sorted(positions) == positions, f"{key!a} was sent out of order"

    def finish_relays(self) -> None:
        """The end of a history: everything is sent but what waits for somebody."""
        self.run_relay(drained=True)

    @property
    def all_messages(self) -> list[Message]:
        """Those that were purged as well."""
        return [*self.purged, *self.log.messages()]

    # -- upkeep ------------------------------------------------------------------------

    @rule(of_inbox=st.booleans())
    def purge(self, of_inbox: bool) -> None:
        """Delete what nobody needs, however young it is."""
        if self.may_write():
            self._purge_inbox() if of_inbox else self._purge_outbox()

    def _purge_outbox(self) -> None:
        """What was sent may go; what was not, and what has a letter, stays."""
        purged = purge_outbox(self.world.store, older_than=timedelta(0))
        left = {position for position, _ in self.world.outbox()}
        gone = [m for m in self.log.messages() if m.position not in left]
        assert sum(purged.deleted.values()) == len(gone)
        assert not [message for message in gone if self._must_stay(message)]
        self.purged += gone
        self.log.entries = [entry for entry in self.log.entries if entry not in gone]

    def _must_stay(self, message: Message) -> bool:
        reader: Reader = self.readers[f"relay:{message.topic}"]
        letters = [x.entry.position for x in reader.letters if x.entry.key == message.key]
        is_kept = any(position <= message.position for position in letters)
        return is_kept or not reader.exists or message.position > min(reader.positions)

    def _purge_inbox(self) -> None:
        """Ids are forgotten, but not that they were."""
        forgotten = purge_inbox(self.world.store, older_than=timedelta(0))
        left = self.world.accepted()
        gone = self.log.accepted - left
        assert forgotten == len(gone)
        self.log.marked |= {consumer for consumer, _ in gone}
        self.log.accepted = left


def _is_of(topic: str, entry: Entry) -> bool:
    return isinstance(entry, Message) and entry.topic == topic
