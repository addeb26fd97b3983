"""Safeguards of relays switched off, to see that the tests notice it. Patched for good: in a
process that is thrown away, or by what `monkeypatch` undoes.
"""

from collections.abc import Callable
from typing import Final

from sourcery.relay.desk import Desk


def _without_lease_check() -> None:
    """Send, however little of the lease is left."""
    Desk.may_send = lambda self, shard: True  # type: ignore[method-assign]


SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    "lease check": _without_lease_check,
}
