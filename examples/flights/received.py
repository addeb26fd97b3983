"""What has arrived where the messages went, held against the late arrivals of the flights' file.

A line of messages that came again has the id of the first: a receiver tells by it. In a file all
can be checked; of a broker we know what the outbox says, that nothing waits or was given up.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import frozen

from examples.flights.events import AN_HOUR
from examples.flights.late import TOPIC, Destination
from sourcery import EventStore, outbox_messages

#: A flight, and the minutes it was late.
Late = tuple[str, int]

IN_FILE = "The messages are those of the file's late arrivals, in order for each aircraft."
IN_OUTBOX = "Each late arrival has its message in the outbox; none waits, none was given up."


@frozen
class Message:
    """A line of the messages' file."""

    message_id: str
    aircraft: str
    position: int
    late: Late


@frozen
class Received:
    """What to tell of the messages."""

    summary: str
    problems: tuple[str, ...]
    #: What is certain when there are no problems.
    verdict: str


def check(store: EventStore, destination: Destination, flights: Path) -> Received:
    """Compare, once nothing waits any more."""
    expected = late_arrivals(flights)
    if destination.file is None:
        return by_outbox(store, destination, len(expected))
    messages = read_messages(destination.file, store.now().store_id)
    return by_file(expected, messages, destination.file.name)


def late_arrivals(path: Path) -> list[Late]:
    """Those of the flights' file, by its own columns."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        delays = [(_flight(row), row["arr_delay"]) for row in csv.DictReader(file)]
    late = [(flight, int(delay)) for flight, delay in delays if delay not in ("", "NA")]
    return [(flight, minutes) for flight, minutes in late if minutes > AN_HOUR]


def _flight(row: dict[str, str]) -> str:
    day = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
    return f"{row['carrier']}{row['flight']} {row['origin']} {day}"


def read_messages(path: Path, store_id: str) -> list[Message]:
    """The lines of this store; before it another may have had its name, and its file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.endswith("\n")]
    return [_message(line) for line in lines if line["source"].endswith(store_id)]


def _message(line: dict[str, Any]) -> Message:
    payload = json.loads(line["payload"])
    late = payload["flight"], payload["minutes_late"]
    return Message(line["message_id"], line["key"], line["position"], late)


def by_file(expected: Iterable[Late], lines: Sequence[Message], name: str) -> Received:
    """Each late arrival has one message, and those of an aircraft arrived in order."""
    first: dict[str, Message] = {}
    for message in lines:
        first.setdefault(message.message_id, message)
    found = list(first.values())
    problems = [*_differences(expected, found), *_out_of_order(found)]
    summary = f"{len(found)} late arrivals in {name}, {len(lines) - len(found)} duplicates"
    return Received(summary, tuple(problems), IN_FILE)


def _differences(expected: Iterable[Late], found: Iterable[Message]) -> Iterator[str]:
    file, sent = Counter(expected), Counter(message.late for message in found)
    if missing := file - sent:
        yield f"late arrivals without a message: {missing.total()}, {_example(missing)}"
    if more := sent - file:
        yield f"messages of no late arrival: {more.total()}, {_example(more)}"


def _example(some: Counter[Late]) -> str:
    flight, minutes = min(some)
    return f"the first is {flight}, {minutes} minutes late"


def _out_of_order(found: Iterable[Message]) -> Iterator[str]:
    by_aircraft: dict[str, list[int]] = {}
    for message in found:
        by_aircraft.setdefault(message.aircraft, []).append(message.position)
    for aircraft, positions in by_aircraft.items():
        if any(one > other for one, other in pairwise(positions)):
            yield f"the messages of {aircraft} are out of order"


def by_outbox(store: EventStore, destination: Destination, expected: int) -> Received:
    """Every late arrival has a message, and the relay has sent each."""
    messages = outbox_messages(store, topic=TOPIC, limit=10 * expected + 1)
    states = Counter(str(m.relays.get(destination.consumer, "pending")) for m in messages)
    sent = states.pop("sent", 0)
    problems = [f"messages that are {state}: {number}" for state, number in states.items()]
    if len(messages) != expected:
        problems.append(f"late arrivals: {expected} in the file, {len(messages)} in the outbox")
    summary = f"{sent} late arrivals sent to the broker"
    return Received(summary, tuple(problems), IN_OUTBOX)
