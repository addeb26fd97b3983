"""What the library says through `logging`: facts as fields, no payloads, no handlers of ours."""

import logging
import re
from logging import LogRecord, NullHandler
from typing import Any

import pytest

import sourcery
from sourcery import Consumer, EventStore, Stream
from sourcery.messages import Outcome
from tests.docs.test_blocks import ROOT
from tests.domain import Remarked, append
from tests.relay.support import Broker, fails, publish, relay
from tests.subscriber.support import NAME, Fails, policy, subscriber

PAGE = (ROOT / "docs/how-to/observe.md").read_text()
LOGGER = re.compile(r'logging\.getLogger\("(sourcery\.\w+)"\)')
SECRET = "nobody but the two of them knows"
PLAIN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def extras(record: LogRecord) -> dict[str, Any]:
    """The fields that are ours."""
    return {name: value for name, value in record.__dict__.items() if name not in PLAIN}


@pytest.fixture
def said(bank: EventStore, caplog: pytest.LogCaptureFixture) -> list[LogRecord]:
    """The records of an event that is given up, and of its letter when it is tried again."""
    append(bank, Stream("talk", "ada"), [Remarked(SECRET)])
    failing = Fails(["ada 1"])
    with caplog.at_level(logging.DEBUG, "sourcery"):
        subscriber(bank, failing, on_error=policy("park", 1)).drain()
        Consumer(bank, NAME).retry()
        subscriber(bank, failing, on_error=policy("park", 1)).drain()
    return caplog.records


def test_nothing_but_a_null_handler_is_ours() -> None:
    """Where records go is the program's affair."""
    assert [NullHandler] == [type(h) for h in logging.getLogger("sourcery").handlers]
    assert [] == [n for n in logging.root.manager.loggerDict if _has_handlers(n)]


def _has_handlers(name: str) -> bool:
    return name.startswith("sourcery.") and bool(logging.getLogger(name).handlers)


def test_a_failing_event_is_named_by_fields(said: list[LogRecord], bank: EventStore) -> None:
    """Each attempt, the end, and the letter's attempt have the same."""
    [recorded] = bank.read(events=Remarked)
    expected = {
        "consumer": NAME,
        "shard": 0,
        "position": 1,
        "event_id": str(recorded.event_id),
        "kind": "remark.made",
        "stream": "talk/ada",
    }
    assert [1, 2, 2, 3] == [record.__dict__["attempts"] for record in said]
    assert [expected] * 4 == [
        {name: value for name, value in extras(record).items() if name != "attempts"}
        for record in said
    ]


def test_no_field_holds_a_payload(said: list[LogRecord]) -> None:
    """Nor does a text."""
    assert [] == [record for record in said if SECRET in f"{record.getMessage()} {extras(record)}"]


def test_a_failing_message_is_named_by_fields(
    bank: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """By its id and topic, with what became of it."""
    publish(bank, [7])
    relay(bank, Broker(fails([7], outcome=Outcome.REFUSED))).drain()
    [record] = caplog.records
    [letter] = Consumer(bank, "relay:payments").letters()
    expected = {
        "consumer": "relay:payments",
        "position": 1,
        "attempts": 1,
        "status": "parked",
        "message_id": str(letter.source_id),
        "topic": "payments",
    }
    assert expected == extras(record)


def test_every_logger_is_documented() -> None:
    """One for each part, by the part's name."""
    sources = (ROOT / "sourcery").rglob("*.py")
    names = {name for path in sources for name in LOGGER.findall(path.read_text())}
    assert names
    assert [] == sorted(name for name in names if f"`{name}`" not in PAGE)


def test_every_field_is_documented(said: list[LogRecord]) -> None:
    """As far as this scenario has them."""
    assert [] == sorted({n for record in said for n in extras(record) if f"`{n}`" not in PAGE})
    assert sourcery.__doc__
