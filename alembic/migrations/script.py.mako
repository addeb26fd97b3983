"""${message}

A revision is history: it never imports the library. It can be run again after a broken run,
because MariaDB and MySQL commit each statement. It only adds, so that the previous release's
code keeps working. It ends by setting `revision` in the row of `sourcery_store`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Create what is not there yet."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Drop what is there."""
    ${downgrades if downgrades else "pass"}
