"""What a live projection keeps."""

from attrs import define, field

from sourcery import Projection, Recorded
from tests.domain import Deposited


@define
class Deposits(Projection[Deposited], name="deposits"):
    """The accounts that had one, each once."""

    accounts: set[str] = field(factory=set)

    def apply(self, recorded: Recorded[Deposited]) -> None:
        """Evolve."""
        assert recorded.stream.id not in self.accounts
        self.accounts.add(recorded.stream.id)
