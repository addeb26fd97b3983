"""Rules of the relay switched off, in a process that is thrown away, to see that it is noticed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sourcery.recorded import StoredRow
from sourcery.relay import trip
from sourcery.relay.pages import RelayPages
from sourcery.relay.parcels import Parcel
from sourcery.relay.waves import Item, next_wave
from sourcery.worker.shard import Shard


def _without_waves() -> None:
    """Rule 32: believe of every publisher that it keeps the order."""

    def whole(parcels: Iterable[Parcel], *, keeps_order: bool) -> list[Item]:
        return next_wave(parcels, keeps_order=True)

    trip.next_wave = whole


def _checkpoint_first() -> None:
    """Write the checkpoint, and then send."""

    def send(self: RelayPages, shard: Shard, rows: Sequence[StoredRow]) -> bool:
        parcels = [self.desk.parcels.parcel(row) for row in rows]
        messages = [message for parcel in parcels for message in parcel.messages]
        self._commit(shard, [], len(rows), None)
        self.desk.sender.send(messages)
        return True

    RelayPages._send = send  # type: ignore[method-assign]


SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    "waves": _without_waves,
    "checkpoint first": _checkpoint_first,
}
