"""Keeps our tables out of a user's `alembic revision --autogenerate`.

From Alembic 1.18 on this happens by itself: `setup` is found through the entry point
`alembic.autogenerate.sourcery` of the group `alembic.plugins`. With an older Alembic give
`include_name` to `context.configure` in your env.py:

    context.configure(..., include_name=sourcery.autogenerate.include_name)

Alembic imports this module while it is itself half imported, so nothing of Alembic is
imported here before it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sourcery.schema import PREFIX

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult


def setup(plugin: Plugin) -> None:
    """Called by Alembic as it is imported."""
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(
        spare_our_tables, "schema", "sourcery", priority=DispatchPriority.LAST
    )


def spare_our_tables(
    context: AutogenContext, upgrade: UpgradeOps, schemas: object
) -> PriorityDispatchResult:
    """Take back the proposals to drop our tables.

    Alembic proposes that only for tables that the metadata lacks, so whoever declares our
    tables still sees how they differ from the database.
    """
    from alembic.operations.ops import DropTableOp
    from alembic.util import PriorityDispatchResult

    spared = {
        _table(operation)
        for operation in upgrade.ops
        if isinstance(operation, DropTableOp) and operation.table_name.startswith(PREFIX)
    }
    upgrade.ops[:] = [operation for operation in upgrade.ops if _table(operation) not in spared]
    return PriorityDispatchResult.CONTINUE


def _table(operation: MigrateOperation) -> tuple[str | None, str | None]:
    """Schema and table; dropping a table comes with operations for its indexes."""
    return getattr(operation, "schema", None), getattr(operation, "table_name", None)


def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """For env.py with Alembic before 1.18: false for our tables, true for all else."""
    return type_ != "table" or not (name or "").startswith(PREFIX)
