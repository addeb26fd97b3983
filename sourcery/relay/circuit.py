"""Whether the broker can be reached. While it cannot, nothing is sent and no attempt is spent.

closed --nothing gets through--> open --probe answers--> closed
                                 ^  |
                                 +--+ probe fails: the next one later
"""

from __future__ import annotations

import random
import time
from typing import Final

from attrs import define, field

from sourcery.messages import Publisher

#: Seconds to the next probe: at first, and at most.
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
_JITTER: Final = 0.2


@define(eq=False)
class Circuit:
    """The one of a relay in one process: its shards share a broker."""

    publisher: Publisher
    #: Why nothing can be sent; None while it can.
    error: str | None = None
    _wait: float = 0.0
    #: When to probe, by the monotonic clock.
    due: float = field(default=0.0, init=False)

    @property
    def can_probe(self) -> bool:
        """Whether the publisher has a probe of its own: without, only sending can tell."""
        return type(self.publisher).probe is not Publisher.probe

    @property
    def wait(self) -> float:
        """Seconds until the next probe."""
        return max(0.0, self.due - time.monotonic())

    def open(self, error: str | None) -> None:
        """Nothing got through."""
        self.error = f"the broker is unreachable: {error or 'no reason is known'}"
        self._wait = min(2 * self._wait, LONGEST_WAIT) if self._wait else FIRST_WAIT
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter
        self.due = time.monotonic() + self._wait * jitter

    def got_through(self) -> None:
        """The broker has acknowledged something."""
        self._wait, self.error = 0.0, None

    def is_open(self) -> bool:
        """Whether to send nothing; probes when that is due."""
        if self.error is None:
            return False
        if time.monotonic() < self.due:
            return True
        error = self._probe()
        if error is None:
            self.error = None
            return False
        self.open(error)
        return True

    def answers(self) -> bool:
        """Whether the broker certainly answers now; False for a publisher without a probe."""
        return self.can_probe and self._probe() is None

    def is_silent(self) -> bool:
        """Whether the broker certainly does not answer now."""
        return self.can_probe and self._probe() is not None

    def _probe(self) -> str | None:
        try:
            self.publisher.probe()
        except Exception as error:  # noqa: BLE001 - whatever it is, the broker did not answer
            return str(error) or type(error).__name__
        return None
