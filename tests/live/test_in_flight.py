"""Promise 13, live: what is in flight below holds state and tokens."""

import pytest

from sourcery import EventStore, LiveProjection
from sourcery.errors import WaitTimeout
from tests.live.conftest import Background
from tests.live.projections import History
from tests.ordering.support import InFlight, append

pytestmark = pytest.mark.promise(13)


@pytest.mark.databases("postgresql")
def test_a_token_waits_for_what_is_below_it(
    live: LiveProjection[History], store: EventStore, flight: InFlight
) -> None:
    """It is committed, and yet not passed; the error tells that something holds it back."""
    flight.append("early")
    token = append(store, "late")
    with pytest.raises(WaitTimeout) as caught:
        live.wait_for(token, timeout=0.3)
    assert (2, 0, 0) == (caught.value.needed, caught.value.reached, caught.value.settled)
    assert [] == live.current().positions
    flight.commit()
    assert [1, 2] == live.read_after(token).positions


def test_both_come_in_order_after_the_commit(
    live: LiveProjection[History],
    store: EventStore,
    flight: InFlight,
    background: Background,
) -> None:
    """Whether the later writer commits first or has to wait."""
    early = flight.append("early")
    late = background(append, store, "late")
    if store.engine.dialect.name == "postgresql":
        late.result()
    assert [] == live.read_after(store.now()).positions
    flight.commit()
    assert [1, 2] == live.read_after(late.result()).positions
    assert 1 <= early.last


def test_a_rollback_lets_it_pass_at_once(
    live: LiveProjection[History],
    store: EventStore,
    flight: InFlight,
    background: Background,
) -> None:
    """The hole is no event, and no clock is involved."""
    flight.append("never")
    late = background(append, store, "late")
    assert [] == live.read_after(store.now()).positions
    flight.rollback()
    state = live.read_after(late.result())
    assert {"thing/late": 1} == state.versions
    assert late.result().last == state.position
