"""How events are shown."""

from __future__ import annotations

import json
from typing import Any, Final

from sourcery.cli.escaping import said, visible
from sourcery.cli.output import Table, as_json, facts, say
from sourcery.recorded import Recorded

#: Characters of a payload in a line.
_SHOWN: Final = 120


def as_dict(recorded: Recorded[Any]) -> dict[str, Any]:
    """An event as `--json` prints it."""
    return {
        "position": recorded.position,
        "category": recorded.stream.category,
        "stream_id": recorded.stream.id,
        "version": recorded.version,
        "event_id": recorded.event_id,
        "kind": recorded.kind,
        "schema_version": recorded.schema_version,
        "recorded_at": recorded.recorded_at,
        "metadata": recorded.metadata.present,
        "data": recorded.event,
    }


def line(recorded: Recorded[Any]) -> str:
    """An event in one line."""
    shown = visible(json.dumps(recorded.event, ensure_ascii=False))
    data = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    place = f"{recorded.stream.path} {recorded.version}"
    kind = recorded.kind
    return (
        f"{recorded.position} {said(recorded.recorded_at)} {visible(place)} {visible(kind)} {data}"
    )


def print_one(recorded: Recorded[Any], *, wants_json: bool) -> None:
    """One event, whole."""
    whole = as_dict(recorded)
    if wants_json:
        as_json(whole)
        return
    data = whole.pop("data")
    metadata = whole.pop("metadata")
    facts(whole | metadata)
    for text in json.dumps(data, ensure_ascii=False, indent=2).splitlines():
        say(text)


def table(events: list[Recorded[Any]]) -> Table:
    """Events of one stream."""
    rows = [
        (e.version, e.position, e.recorded_at, e.kind, json.dumps(e.event, ensure_ascii=False))
        for e in events
    ]
    return Table(("version", "position", "recorded at", "kind", "data"), rows)
