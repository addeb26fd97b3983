"""Late arrivals, from log to broker: a message with the event, sent by a relay.

The mapping is given to the store, so the unit of work that writes an arrival writes its message
as well, or neither. The relay sends it at least once, those of one aircraft in order.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final

from attrs import frozen
from sqlalchemy import make_url

from examples.flights.events import AN_HOUR, Arrived
from sourcery import EventStore, Outgoing, Relay, Stream, outgoing
from sourcery.publishers import FilePublisher, publisher_for

TOPIC: Final = "late-arrivals"
#: Seconds that a batch may take on a local disk. The lease is made of it, and when a relay was
#: killed, the next one waits for no longer than that.
ON_DISK: Final = 2.0


@frozen
class LateArrival:
    """The message about an arrival more than an hour late; its key is the aircraft."""

    flight: str
    aircraft: str
    at: datetime
    minutes_late: int


@outgoing(Arrived)
def announce(event: Arrived, stream: Stream) -> Outgoing | None:
    """Send word of a late arrival; those of one aircraft stay in the order it flew."""
    if event.minutes_late <= AN_HOUR:
        return None
    late = LateArrival(event.flight, stream.id, event.at, event.minutes_late)
    return Outgoing(TOPIC, late, key=stream.id)


@frozen
class Destination:
    """Where the messages go."""

    url: str
    #: The relay's name. Relays of other names have checkpoints of their own.
    relay: str
    #: The file beside the database, when that is where they go.
    file: Path | None = None

    @property
    def consumer(self) -> str:
        """The relay's consumer of the topic."""
        return f"{self.relay}:{TOPIC}"


def beside(database: str) -> Destination:
    """The file that is named like the database; in this folder when that is on a server."""
    url = make_url(database)
    name = Path(url.database or "flights")
    folder = name.parent if url.get_backend_name() == "sqlite" else Path()
    path = (folder / name.name).with_suffix(".late.jsonl").absolute()
    return Destination(path.as_uri(), "relay", path)


def at_broker(url: str) -> Destination:
    """The broker of a URL; each kind of broker is sent every message.

    Raises a `ConfigurationError` when there is no publisher for it. Connects to nothing.
    """
    publisher_for(url).close()
    return Destination(url, url.partition(":")[0].lower())


def send_late(database: str, destination: Destination, stop: Event) -> None:
    """What the relay's process does: send until it is told to stop."""
    with EventStore(database) as store:
        relay(store, destination).run(stop)


def relay(store: EventStore, destination: Destination) -> Relay:
    """The relay of the topic. It keeps what was sent, for the check at the end."""
    publisher = publisher_for(destination.url)
    if isinstance(publisher, FilePublisher):
        publisher.timeout = ON_DISK
    return Relay(
        store,
        publisher,
        name=destination.relay,
        topics=[TOPIC],
        lease=1.5 * publisher.timeout + 3.0,
        keep=None,
    )
