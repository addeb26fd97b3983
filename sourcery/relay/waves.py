"""What may be sent at once: a batch in which no two messages can overtake each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from attrs import define, field

from sourcery.messages import Message
from sourcery.relay.parcels import Parcel

#: A message, and the row it is of.
Item: TypeAlias = tuple[Parcel, Message]
#: Topic and key as the broker has them, or a message's id.
_BrokerKey: TypeAlias = tuple[str, str]


def next_wave(parcels: Iterable[Parcel], *, keeps_order: bool) -> list[Item]:
    """The messages that may go next, in order.

    No two of one key, unless the publisher keeps the order of what the broker calls a key.
    """
    wave = _Wave(keeps_order)
    for parcel in parcels:
        wave.add(parcel)
    return wave.items


@define
class _Wave:
    keeps_order: bool
    items: list[Item] = field(factory=list[Item])
    #: Keys of the log that are in it, by the one broker key of all their messages in it.
    _keys: dict[str, _BrokerKey] = field(factory=dict[str, _BrokerKey])
    _broker_keys: set[_BrokerKey] = field(factory=set[_BrokerKey])
    #: Keys of the log whose further messages must wait for the next one.
    _full: set[str] = field(factory=set[str])

    def add(self, parcel: Parcel) -> None:
        """Put in what is left of a row, as far as that goes."""
        for message in parcel.messages[parcel.sent :]:
            broker_key = _broker_key(message)
            if parcel.key in self._full or not self._fits(parcel.key, broker_key):
                self._full.add(parcel.key)
                return
            self._keys[parcel.key] = broker_key
            self._broker_keys.add(broker_key)
            self.items.append((parcel, message))

    def _fits(self, key: str, broker_key: _BrokerKey) -> bool:
        if key not in self._keys and broker_key not in self._broker_keys:
            return True
        return self.keeps_order and self._keys.get(key, broker_key) == broker_key


def _broker_key(message: Message) -> _BrokerKey:
    if message.key is None:
        return "", str(message.message_id)
    return message.topic, message.key
