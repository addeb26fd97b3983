"""The frontier of one round, which all shards of all consumers of a worker share."""

from __future__ import annotations

from attrs import define

from sourcery.database import Database
from sourcery.dialects import Frontier


@define
class SharedFrontier:
    """Read once, when the first shard needs it: what was settled then still is."""

    _database: Database
    _found: Frontier | None = None

    def forget(self) -> None:
        """Read it anew when it is needed next."""
        self._found = None

    def read(self) -> Frontier:
        """The one of this round."""
        found = self._found
        if found is None:
            found = self._found = self._database.frontier()
        return found
