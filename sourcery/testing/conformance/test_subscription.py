"""Promise 18: a subscription in a loop of one's own has no hole and no double at the seam."""

from itertools import islice

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import DEADLINE, append, stored, wait_until

pytestmark: object = pytest.mark.promise(18)

PAGE = "sourcery.subscription.PAGE"


def test_no_hole_and_no_double_at_the_seam(store: EventStore, background: Background) -> None:
    """Writers go on while a backlog is read, and while the subscriber is live."""
    for _ in range(20):
        append(store, "backlog", 30)
    signals: list[str] = []
    subscription = store.subscribe(
        events=Happened, timeout=0.2, on_caught_up=lambda: signals.append("caught up")
    )
    delivered = list(islice(subscription, 100))
    writers = [background(write, store, name) for name in ("a", "b", "c")]
    wait_until(lambda: delivered.extend(subscription) or all(w.done() for w in writers))
    delivered.extend(subscription)
    assert [None] * 3 == [writer.result() for writer in writers]
    assert stored(store) == [recorded.position for recorded in delivered]
    assert (780, ["caught up"]) == (len(delivered), signals)


def write(store: EventStore, name: str) -> None:
    for _ in range(20):
        append(store, name, 3)


def test_caught_up_is_signalled_once(store: EventStore) -> None:
    """When all that was settled is handed out, and never again."""
    append(store, "a", 3)
    signals: list[int] = []
    subscription = store.subscribe(
        events=Happened, timeout=0, on_caught_up=lambda: signals.append(subscription.position)
    )
    list(islice(subscription, 3))
    assert ([], False) == (signals, subscription.caught_up)
    for _ in range(3):
        list(subscription)
        append(store)
    assert ([3], True) == (signals, subscription.caught_up)


def test_one_that_waits_is_given_what_comes(store: EventStore, background: Background) -> None:
    """From other threads, in order, without end."""
    with store.subscribe(events=Happened, timeout=DEADLINE) as subscription:
        for name in ("a", "b"):
            coming = background(next, subscription)
            append(store, name)
            assert name == coming.result(DEADLINE).stream.id


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7])
def test_pages_join_without_hole_or_double(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A page that is full, one short, and one more; then live."""
    monkeypatch.setattr(PAGE, 3)
    append(store, "a", count)
    subscription = store.subscribe(events=Happened, timeout=0)
    assert list(range(1, count + 1)) == [recorded.position for recorded in subscription]
    append(store, "b", count)
    assert list(range(1, count + 1)) == [recorded.version for recorded in subscription]
