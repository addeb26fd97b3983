"""Messages for tests of publishers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sourcery.errors import BrokerUnavailable
from sourcery.ids import new_id
from sourcery.messages import Message, Outcome, Publisher, Result

WRITTEN = datetime(2026, 11, 23, 12, 30, 15, 123456, UTC)
SOURCE = "urn:sourcery:7d0ffb6f-1c4a-4bb5-9c42-3a9a4b6c7a01"


def message(
    topic: str,
    payload: bytes = b"{}",
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Message:
    """One, with an id of its own."""
    return Message(
        message_id=new_id(),
        topic=topic,
        key=key,
        payload=payload,
        headers=headers or {},
        content_type=content_type,
        created_at=WRITTEN,
        source=SOURCE,
    )


def numbered(topic: str, count: int, *, keys: int = 1) -> list[Message]:
    """Messages whose payload is their number, of so many keys in turn."""
    return [message(topic, b"%d" % n, key=f"k{n % keys}") for n in range(count)]


def publish_as_relays_do(publisher: Publisher, batch: Sequence[Message]) -> list[Result]:
    """All at once, or in waves that never hold two of one key."""
    if publisher.keeps_order:
        return list(publisher.publish(batch))
    left, results = dict(enumerate(batch)), dict[int, Result]()
    while left:
        wave = {m.key or str(n): n for n, m in reversed(left.items())}
        numbers = sorted(wave.values())
        results |= dict(
            zip(numbers, publisher.publish([left.pop(n) for n in numbers]), strict=True)
        )
    return [results[n] for n in range(len(batch))]


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """What became of each."""
    return [result.outcome for result in results]


def unreached(publisher: Publisher) -> None:
    """Publish one message: raises, also when the result says that it was not reached."""
    results = publisher.publish([message("nothing", key="k")])
    assert outcomes(results) == [Outcome.UNREACHED]
    raise BrokerUnavailable("127.0.0.1", str(results[0].error))
