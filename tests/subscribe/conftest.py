"""What the tests of subscriptions ask for."""

from collections.abc import Callable
from functools import partial

import pytest

from sourcery import EventStore
from tests.ordering.conftest import background, flight

__all__ = ["asleep", "background", "flight"]


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Callable[[EventStore], None]:
    """Make who waits on a store sleep for a minute between two looks, unless something wakes it."""

    def slow_down(store: EventStore) -> None:
        slow = partial(store.database.waiting, interval=60.0, longest=60.0)
        monkeypatch.setattr(store.database, "waiting", slow)

    return slow_down
