"""One page of a shard on its way to the broker, and what became of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from attrs import define, field

from sourcery.messages import Outcome, Result
from sourcery.relay.parcels import Parcel
from sourcery.relay.waves import Item, next_wave

#: What a row has become: sent, waiting behind a letter, failed, or nothing yet.
Fate: TypeAlias = Literal["sent", "behind", "failed", "unsent"]


@define(eq=False)
class Trip:
    """Rows in order. What was sent is remembered until the checkpoint has passed it."""

    parcels: Sequence[Parcel]
    keeps_order: bool
    #: Keys that have letters, whose rows are not sent.
    closed: Callable[[str], bool]
    #: Whether later rows of a key may be sent though this one failed.
    passes: Callable[[Result], bool]
    #: What failed, by position.
    failures: dict[int, Result] = field(factory=dict[int, Result])
    #: Why the rest was not sent: the broker could not be reached.
    interrupted: str | None = None
    #: Whether the broker has acknowledged anything.
    got_through: bool = False
    #: Keys of this page whose rows after a position wait.
    _stopped: dict[str, int] = field(factory=dict[str, int])
    #: Rows of which something may be left to send.
    _left: Sequence[Parcel] = ()

    def __attrs_post_init__(self) -> None:
        self._left = self.parcels
        for parcel in self.parcels:
            if parcel.unreadable is not None:
                outcome = Outcome.REFUSED if parcel.hopeless else Outcome.FAILED
                self._fail(parcel, Result(outcome, str(parcel.unreadable)))

    def next_batch(self) -> list[Item]:
        """What may be sent now; nothing when all is, or nothing more can be."""
        if self.interrupted is not None:
            return []
        # none opens again: what is sent, has failed or waits stays so for this page
        self._left = [parcel for parcel in self._left if self._is_open(parcel)]
        return next_wave(self._left, keeps_order=self.keeps_order)

    def _is_open(self, parcel: Parcel) -> bool:
        return not (parcel.is_sent or parcel.position in self.failures or self._waits(parcel))

    def _waits(self, parcel: Parcel) -> bool:
        stopped = self._stopped.get(parcel.key)
        return (stopped is not None and stopped < parcel.position) or self.closed(parcel.key)

    def note(self, batch: Sequence[Item], results: Sequence[Result]) -> None:
        """Take over what the publisher said of a batch."""
        held: set[str] = set()
        for (parcel, _), result in zip(batch, results, strict=True):
            if result.outcome is Outcome.SENT:
                parcel.sent += 1
                self.got_through = True
            elif parcel.key not in held:  # else the publisher held it back
                held.add(parcel.key)
                self._note_unsent(parcel, result)

    def _note_unsent(self, parcel: Parcel, result: Result) -> None:
        if result.outcome is Outcome.UNREACHED:
            self.interrupted = result.error or "it did not say why"
        else:
            self._fail(parcel, result)

    def _fail(self, parcel: Parcel, result: Result) -> None:
        self.failures[parcel.position] = result
        if not self.passes(result):
            first = self._stopped.get(parcel.key, parcel.position)
            self._stopped[parcel.key] = min(first, parcel.position)

    def fates(self) -> list[tuple[Parcel, Fate]]:
        """The rows that are decided, up to the first that is not."""
        decided: list[tuple[Parcel, Fate]] = []
        for parcel in self.parcels:
            fate = self._fate(parcel)
            if fate == "unsent":
                break
            decided.append((parcel, fate))
        return decided

    def _fate(self, parcel: Parcel) -> Fate:
        if parcel.is_sent:
            return "sent"
        if self._waits(parcel):
            return "behind"
        return "failed" if parcel.position in self.failures else "unsent"
