"""How a worker's process begins: its safeguards off that the test wants off, its signal heard."""

import signal
import threading
from collections.abc import Callable, Iterable
from typing import Final

from tests.delivery import sabotage as of_brokers
from tests.faults import sabotage as of_subscribers
from tests.relay import sabotage as of_relays

SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    **of_subscribers.SABOTAGES,
    **of_relays.SABOTAGES,
    **of_brokers.SABOTAGES,
}


def sabotaged(names: Iterable[str]) -> None:
    """Switch safeguards off, for good: the process is thrown away."""
    for name in names:
        SABOTAGES[name]()


def begun(sabotage: Iterable[str]) -> threading.Event:
    """Begin; the event is set by SIGTERM."""
    sabotaged(sabotage)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop
