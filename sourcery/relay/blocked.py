"""The first letters of keys, sent again by the owner of their shard when their time has come.

The attempt is stored first, with the time of the one after it, so that a process that ends in
between costs no more than that. When a letter leaves, the next of its key is due, and when the
last one leaves, live messages of the key flow again.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from attrs import define, field
from sqlalchemy import Connection

from sourcery.consumers import Letter, LetterGone, LetterStatus
from sourcery.consumers.letters import change, due_letters, head_of_key, remove_run
from sourcery.following import Follower
from sourcery.messages import Outcome, Result
from sourcery.relay.desk import Desk
from sourcery.relay.followers import Followers
from sourcery.relay.giving_up import Verdict, failure_of
from sourcery.relay.parcels import Parcel
from sourcery.worker.link import reaching
from sourcery.worker.shard import Shard

_GONE = Result(Outcome.REFUSED, "the row is no longer in its log")


@define(eq=False)
class Blocked:
    """Sends the due letters of one topic."""

    desk: Desk
    _followers: Followers = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._followers = Followers(self.desk)

    def turn(self, shard: Shard) -> bool:
        """Try the first due letter; whether to go on at once."""
        if shard.status.halted or not shard.is_due():
            return False
        letter = shard.due_letter(self.desk.checkpoints.clock.now())
        if letter is None or not self.desk.may_send(shard):
            return False
        if self.desk.sender.circuit.is_open():
            self.desk.pause(shard)
            return False
        try:
            self._try(shard, letter, self._parcel(letter))
        except LetterGone:
            self._reload(shard)
        return True

    def _parcel(self, letter: Letter) -> Parcel | None:
        job = self.desk.job
        follower = Follower(job.store.database, job.source.query, letter.position - 1)
        with reaching():
            rows = follower.look(limit=1, upto=letter.position).rows
        return self.desk.parcels.parcel(rows[0]) if rows else None

    def _try(self, shard: Shard, letter: Letter, parcel: Parcel | None) -> None:
        begun = self._begin(shard, letter)
        result = _GONE if parcel is None else self._send(shard, parcel)
        if result is None or result.outcome is Outcome.UNREACHED:
            self._undo(shard, letter, begun, result)
        elif result.outcome is Outcome.SENT:
            self._leave(shard, begun)
        else:
            self._failed(shard, begun, parcel, result)

    def _send(self, shard: Shard, parcel: Parcel) -> Result | None:
        """What became of it: of its messages, of the first that was not sent."""
        if parcel.unreadable is not None:
            outcome = Outcome.REFUSED if parcel.hopeless else Outcome.FAILED
            return Result(outcome, str(parcel.unreadable))
        may_send = partial(self.desk.may_send, shard)
        for message in parcel.messages:
            result = self.desk.sender.send_alone(message, may_send)
            if result is None or result.outcome is not Outcome.SENT:
                return result
        return Result(Outcome.SENT)

    # -- what is stored ----------------------------------------------------------------

    def _begin(self, shard: Shard, letter: Letter) -> Letter:
        now, attempts = self.desk.checkpoints.clock.now(), letter.attempts + 1
        wait = timedelta(seconds=self.desk.settings.policy.wait_after(attempts))
        begun = self._change(
            shard,
            letter,
            attempts=attempts,
            status=LetterStatus.BLOCKED,
            next_attempt_at=now + wait,
            last_at=now,
        )
        self._replace(shard, letter, begun)
        return begun

    def _undo(self, shard: Shard, letter: Letter, begun: Letter, result: Result | None) -> None:
        """Nobody got it and nobody refused it: that costs no attempt."""
        facts = {"attempts": letter.attempts, "status": letter.status}
        before = self._change(shard, begun, next_attempt_at=letter.next_attempt_at, **facts)
        self._replace(shard, begun, before)
        if result is not None:
            self.desk.sender.circuit.open(result.error)
            self.desk.pause(shard)

    def _failed(self, shard: Shard, begun: Letter, parcel: Parcel | None, result: Result) -> None:
        verdict = self.desk.judge.judge(result, begun.attempts, begun.next_attempt_at)
        unreadable = None if parcel is None else parcel.unreadable
        failure = unreadable or failure_of(result)
        errors = {"error_class": failure.error_class, "error": failure.text}
        facts = {} if parcel is None else self.desk.parcels.facts_of(parcel.row)
        name = f"message {begun.source_id}"
        self.desk.log(begun.position, name, facts, verdict, begun.attempts, result)
        if verdict.status is LetterStatus.BLOCKED:
            self._replace(shard, begun, self._change(shard, begun, **errors))
        else:
            self._give_up(shard, begun, verdict, errors)

    def _give_up(
        self, shard: Shard, begun: Letter, verdict: Verdict, errors: dict[str, str]
    ) -> None:
        checkpoints, passes = self.desk.checkpoints, not verdict.status.closes_key
        with checkpoints.link.transaction() as connection:
            checkpoints.hold(connection, shard)
            facts = {"status": verdict.status, "next_attempt_at": None}
            change(connection, self.desk.dialect, begun, **facts, **errors)
            following = self._next_due(connection, begun) if passes else None
            if verdict.halts:
                checkpoints.fault(connection, shard, shard.stored, _text(errors))
        self._left(shard, begun, following, opens=passes)
        if verdict.halts:
            shard.halt(_text(errors))

    def _leave(self, shard: Shard, letter: Letter) -> None:
        """Delete the letter, and those sent after it, and make the next of the key due."""
        sent = [letter, *self._followers.send(shard, letter)]
        checkpoints = self.desk.checkpoints
        with checkpoints.link.transaction() as connection:
            checkpoints.hold(connection, shard)
            remove_run(connection, sent)
            following = self._next_due(connection, letter)
        shard.handled += len(sent)
        for follower in sent[1:]:
            shard.open_key(follower.key)
        self._left(shard, letter, following, opens=True)

    def _next_due(self, connection: Connection, letter: Letter) -> Letter | None:
        """The next of the key, whose time has come."""
        following = head_of_key(connection, letter.consumer, letter.key)
        if following is None:
            return None
        now = self.desk.checkpoints.clock.now()
        return change(connection, self.desk.dialect, following, next_attempt_at=now)

    def _left(self, shard: Shard, letter: Letter, following: Letter | None, *, opens: bool) -> None:
        """Remember what was committed."""
        if opens:
            shard.open_key(letter.key)
        shard.due_letters.remove(letter)
        if following is not None:
            shard.due_letters.append(following)

    def _change(self, shard: Shard, letter: Letter, **facts: Any) -> Letter:
        """Store facts of a letter in a transaction of its own."""
        checkpoints = self.desk.checkpoints
        with checkpoints.link.transaction() as connection:
            checkpoints.hold(connection, shard)
            return change(connection, self.desk.dialect, letter, **facts)

    def _replace(self, shard: Shard, old: Letter, new: Letter) -> None:
        shard.due_letters[shard.due_letters.index(old)] = new

    def _reload(self, shard: Shard) -> None:
        """Another owner was here after all."""
        with reaching(), self.desk.job.store.database.reading() as connection:
            shard.due_letters = due_letters(connection, shard.lease.name, shard.place)


def _text(errors: dict[str, str]) -> str:
    return f"{errors['error_class']}: {errors['error']}"
