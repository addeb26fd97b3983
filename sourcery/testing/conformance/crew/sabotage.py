"""What keeps workers apart switched off, to see that the tests of shards notice it."""

from typing import Any

import pytest
from sqlalchemy import bindparam, null, update

from sourcery.consumers import ConsumerRow, leases, progress
from sourcery.dialects.statements import Statement
from sourcery.schema import consumers
from sourcery.worker.claims import Claims

_here = (consumers.c.name == bindparam("of_name")) & (consumers.c.shard == bindparam("of_shard"))


def _leave_alone(*_: object) -> None:
    """Do nothing to the connection of who had the shard."""


def without_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever once had a shard may commit; and nobody's connection is ended."""
    moved: dict[str, Any] = {"position": bindparam("new"), "status": bindparam("state")}
    afresh: dict[str, Any] = {"attempts": 0, "next_attempt_at": null(), "error": null()}
    blind = (
        update(consumers).where(_here).values(**moved, **afresh, updated_at=bindparam("updated"))
    )
    monkeypatch.setattr(progress, "_ADVANCE", Statement(blind))
    monkeypatch.setattr(Claims, "_end_owner", _leave_alone)


def without_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody takes what is not theirs, whoever has it; and nobody's connection is ended."""
    mine = _here & (consumers.c.epoch == bindparam("of_epoch"))
    names = {"owner": "taker", "backend": "mark", "lease_until": "until", "updated_at": "updated"}
    values: dict[str, Any] = {column: bindparam(name) for column, name in names.items()}
    taken = update(consumers).where(mine).values(epoch=consumers.c.epoch + 1, **values)
    monkeypatch.setattr(leases, "_TAKE", Statement(taken))
    monkeypatch.setattr(ConsumerRow, "is_owned", property(lambda row: False))
    monkeypatch.setattr(Claims, "_end_owner", _leave_alone)
