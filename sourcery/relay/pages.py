"""Pages of a relay: sent without any transaction, then written together with the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

from attrs import define, field

from sourcery.consumers import LeaseLost, Letter, LetterStatus, Status
from sourcery.consumers.letters import put
from sourcery.messages import SENT, Message, Outcome, Result
from sourcery.recorded import StoredRow
from sourcery.relay.circuit import Circuit
from sourcery.relay.desk import Desk
from sourcery.relay.giving_up import Verdict
from sourcery.relay.parcels import Parcel
from sourcery.relay.trip import Trip
from sourcery.relay.waves import Item
from sourcery.worker.link import reaching
from sourcery.worker.shard import Shard
from sourcery.worker.source import POSITION

_INTERRUPTED = "the worker ended while it was sent"


@define(eq=False)
class RelayPages:
    """Sends the pages of one topic, shard by shard."""

    desk: Desk
    #: By shard: how many messages of a row the broker has, of rows beyond the checkpoint.
    _sent: WeakKeyDictionary[Shard, dict[int, int]] = field(
        factory=WeakKeyDictionary["Shard", "dict[int, int]"]
    )
    #: By shard: how often in a row nothing of its page got through.
    _breaks: WeakKeyDictionary[Shard, int] = field(factory=WeakKeyDictionary["Shard", int])

    @property
    def circuit(self) -> Circuit:
        """Whether the broker can be reached."""
        return self.desk.sender.circuit

    def turn(self, shard: Shard, *, force: bool) -> bool:
        """Send one page; whether to go on at once."""
        if not shard.may_work():
            return False
        with reaching():
            page = shard.look(1 if shard.is_single else self.desk.settings.page)
        if not page.rows:
            self.desk.checkpoints.pass_over(shard, page.upto, force=force)
            return False
        if self.circuit.is_open():
            self.desk.pause(shard)
            return False
        if not self.desk.may_send(shard):
            self._check_lease(shard)
            return False
        if not self._may_try(shard, page.rows[0]):
            return True
        return self._send(shard, page.rows)

    def _trip(self, shard: Shard, rows: Sequence[StoredRow]) -> Trip:
        parcels = [self.desk.parcels.parcel(row) for row in rows]
        sent = self._sent.get(shard, {})
        for parcel in parcels:
            parcel.sent = sent.get(parcel.position, 0)
        keeps_order = self.desk.publisher.keeps_order
        return Trip(parcels, keeps_order, shard.closed.__contains__, self.desk.judge.passes)

    def _check_lease(self, shard: Shard) -> None:
        """Raise `LeaseLost` when it has run out: before that it may yet be renewed."""
        if self.desk.is_lost(shard):
            raise LeaseLost

    # -- what ended the last worker ----------------------------------------------------

    def _may_try(self, shard: Shard, row: StoredRow) -> bool:
        """Store the attempt first, where the message in hand may be what ended a worker."""
        if not shard.careful or self.desk.parcels.key_of(row) in shard.closed:
            return True
        error = shard.error or _INTERRUPTED
        if shard.attempts > self.desk.settings.policy.retries:
            self._give_up(shard, Parcel(row, self.desk.parcels.key_of(row)), error)
            return False
        self.desk.checkpoints.attempt(shard, shard.attempts + 1, Status.RETRYING, error)
        return True

    def _give_up(self, shard: Shard, parcel: Parcel, error: str) -> None:
        result = Result(Outcome.FAILED, error)
        letter, verdict = self.desk.failed(parcel, result, shard.attempts)
        self._commit(shard, [letter], 1, verdict)

    # -- sending -----------------------------------------------------------------------

    def _send(self, shard: Shard, rows: Sequence[StoredRow]) -> bool:
        """All rows as one batch where that may be; whether to go on at once."""
        messages = self._at_once(shard, rows)
        results = None if messages is None else self.desk.sender.send(messages)
        if results is not None and results.count(SENT) == len(rows):
            self._all_sent(shard, rows)
        else:
            self._send_rest(shard, rows, results, began=messages is not None)
        return self.circuit.error is None and self.desk.may_send(shard)

    def _at_once(self, shard: Shard, rows: Sequence[StoredRow]) -> list[Message] | None:
        if shard.is_single or shard.closed or self._sent.get(shard):
            return None
        return self.desk.parcels.at_once(rows, keeps_order=self.desk.publisher.keeps_order)

    def _send_rest(
        self,
        shard: Shard,
        rows: Sequence[StoredRow],
        results: Sequence[Result] | None,
        *,
        began: bool,
    ) -> None:
        """Wave by wave; `began` says that the first, of all rows, was sent, with these results."""
        trip = self._trip(shard, rows)
        go_on = not began or self._note(shard, trip, trip.next_batch(), results)
        while go_on and (batch := trip.next_batch()):
            if not self.desk.may_send(shard):
                self._unspent(shard)
                break
            if shard.is_single:
                batch = batch[:1]  # a row of events may have several
            go_on = self._note(shard, trip, batch, self._results(shard, batch))
        self._write(shard, trip)

    def _note(
        self, shard: Shard, trip: Trip, batch: list[Item], results: Sequence[Result] | None
    ) -> bool:
        """Whether to go on with the page."""
        if results is None:
            if not shard.is_single:
                self._send_singly(shard)
            return False
        trip.note(batch, results)
        return not self.desk.stopped

    def _results(self, shard: Shard, batch: list[Item]) -> Sequence[Result] | None:
        if shard.is_single:
            may_send = partial(self.desk.may_send, shard)
            alone = self.desk.sender.send_alone(batch[0][1], may_send)
            if alone is None:
                self._unspent(shard)
            return None if alone is None else [alone]
        return self.desk.sender.send([message for _, message in batch])

    def _unspent(self, shard: Shard) -> None:
        """The attempt was stored before, and not made: it is stored again with the next."""
        if shard.careful:
            shard.attempts -= 1

    def _send_singly(self, shard: Shard) -> None:
        """Send all of this page one by one, so that the one that fails is found."""
        shard.single_until = shard.last_position

    # -- writing -----------------------------------------------------------------------

    def _all_sent(self, shard: Shard, rows: Sequence[StoredRow]) -> None:
        """The checkpoint alone. Where it cannot be written, what was sent is remembered."""
        checkpoints, done = self.desk.checkpoints, len(rows)
        to, status = shard.position_after(done), self._status(shard, done)
        try:
            with checkpoints.link.statement() as connection:
                checkpoints.advance(connection, shard, to, status)
        except BaseException:
            self._sent[shard] = {row[POSITION]: 1 for row in rows}
            raise
        checkpoints.moved(shard, done, status)
        shard.handled += done
        self._breaks[shard] = 0

    def _write(self, shard: Shard, trip: Trip) -> None:
        """Letters and checkpoint, as far as the page is decided."""
        decided = trip.fates()
        letters: list[Letter] = []
        verdict: Verdict | None = None
        for parcel, fate in decided:
            if fate == "behind":
                letters.append(self.desk.behind(parcel))
            elif fate == "failed":
                result, attempts = trip.failures[parcel.position], max(1, shard.attempts)
                letter, judged = self.desk.failed(parcel, result, attempts)
                letters.append(letter)
                verdict = judged if judged.halts else verdict
        sent = self._sent.setdefault(shard, {})
        sent.update({parcel.position: parcel.sent for parcel in trip.parcels if parcel.sent})
        if decided:
            self._commit(shard, letters, len(decided), verdict)
        else:
            self._check_lease(shard)
        for parcel, _ in decided:
            sent.pop(parcel.position, None)
        self._interrupted(shard, trip)

    def _commit(
        self, shard: Shard, letters: list[Letter], done: int, verdict: Verdict | None
    ) -> None:
        """In one transaction, fenced by the lease."""
        checkpoints, to = self.desk.checkpoints, shard.position_after(done)
        status = self._status(shard, done)
        halts = verdict is not None and verdict.halts
        with checkpoints.link.transaction() as connection:
            put(connection, self.desk.dialect, letters)
            checkpoints.advance(connection, shard, to, status)
            if halts:
                checkpoints.fault(connection, shard, to, _reason(letters))
        checkpoints.moved(shard, done, status)
        if halts:
            shard.halt(_reason(letters))
        shard.handled += done - len(letters)
        for letter in letters:
            shard.add_letter(letter)

    def _status(self, shard: Shard, done: int) -> Status:
        return Status.CATCHING_UP if shard.has_more(done) else Status.LIVE

    def _interrupted(self, shard: Shard, trip: Trip) -> None:
        """The broker was out of reach. Whatever got through, the rest is worth another try."""
        if trip.got_through or trip.interrupted is None:
            self._breaks[shard] = 0
            return
        breaks = self._breaks[shard] = self._breaks.get(shard, 0) + 1
        if breaks > 1 and not shard.is_single and self.circuit.answers():
            self._send_singly(shard)  # the broker is there: something in the page breaks it
            return
        self.circuit.open(trip.interrupted)
        self._unspent(shard)  # an outage costs none
        self.desk.pause(shard)


def _reason(letters: list[Letter]) -> str:
    """The first error of those that halt the shard."""
    parked = (letter for letter in letters if letter.status is LetterStatus.PARKED)
    return next(f"{letter.error_class}: {letter.error}" for letter in parked)
