"""How long a run is: a few hundred histories with each test run, and many at night.

    SOURCERY_MODEL=long pytest tests/model --db postgresql18 -s
    SOURCERY_MODEL=5000 pytest tests/model --db sqlite -s

A plain run takes the same histories each time, so that it fails for what was changed and not by
luck. A long one takes others each time, and remembers those that failed, in `.hypothesis/`, where
the next one begins. Either prints the shortest history that fails, as calls that can be pasted.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

#: Histories, and steps of one at most. A history is emptied and compared at its end, which costs
#: as much as thirty steps.
_PLAIN: Final = 24
_LONG: Final = 1000
STEPS: Final = 60
#: What does not hold for a machine of databases.
_UNWANTED: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def profile() -> settings:
    """As SOURCERY_MODEL says: nothing, `long`, or a number of histories."""
    given = os.environ.get("SOURCERY_MODEL", "")
    is_long = bool(given)
    histories = int(given) if given.isdigit() else _LONG if is_long else _PLAIN
    return settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not is_long,
        print_blob=True,
        suppress_health_check=_UNWANTED,
        report_multiple_bugs=False,
    )


def hunting(histories: int) -> settings:
    """Until something is found, which is not made shorter: that it is there is enough."""
    return settings(profile(), max_examples=histories, derandomize=True, phases=[Phase.generate])
