"""Each request in turn is lost, or its answer, until a run passes without harm.

request: it never reaches the server. answer: it does, the answer is lost. half: of the answer only
the beginning comes. lost: the client is cut off when it has asked, and the server is not told.
"""

import os
from itertools import count
from typing import Final

import pytest

from tests.connections.conftest import rescued
from tests.connections.operations import OPERATIONS, Place
from tests.proxy import Fault, Proxy

pytestmark = [
    pytest.mark.promise(27),
    pytest.mark.promise(49),
    pytest.mark.databases("postgresql", "mariadb"),
]

FAULTS: Final[list[Fault]] = ["request", "answer", "half", "lost"]
#: From one request that is lost to the next; with `SOURCERY_KILLS` each is.
STRIDES: Final = {} if "SOURCERY_KILLS" in os.environ else {"switch": 4, "relay": 2}
#: Of these nothing ends what the server still holds. Whoever tries again waits for it, and a
#: switch says after a minute that it is blocked.
NOT_ENDED: Final = ("append", "joined session", "switch")
CASES: Final = [
    (operation, fault)
    for operation in OPERATIONS
    for fault in FAULTS
    if fault != "lost" or operation not in NOT_ENDED
]


@pytest.mark.parametrize(("operation", "fault"), CASES)
def test_every_request_may_be_lost(
    place: Place, proxy: Proxy, operation: str, fault: Fault
) -> None:
    """Nothing is doubled or lost, nobody waits for what nobody answers, no connection leaks."""
    act, check = OPERATIONS[operation]
    for number in count(1, STRIDES.get(operation, 1)):
        name = f"{fault}-{number}"
        proxy.at_request(number, fault)
        with rescued(proxy):
            act(place, name)
        if not proxy.has_fired:
            break
        check(place, name)
        assert 0 == place.far.engine.pool.checkedout()
        proxy.heal()
    assert number > 1
