"""Relays, brokers and wires that break under load; then the broker's own client counts.

`SOURCERY_KILLS=25 pytest tests/delivery/test_faults.py` kills so many relays for each broker.
"""

from pathlib import Path

import pytest

from sourcery import EventStore
from tests.delivery.process import Spec
from tests.delivery.scene import KILLS, Scene, harms, report, under_load
from tests.delivery.target import BrokerTarget, FileTarget, Target
from tests.faults.fleet import Fleet
from tests.publishers.sites import SITES
from tests.relay.account import Account

pytestmark = [pytest.mark.promise(37), pytest.mark.promise(38)]

BROKERS = pytest.mark.parametrize("broker_name", list(SITES))
VALKEY = pytest.mark.parametrize("broker_name", ["valkey"])


def harmed(
    store: EventStore, url: str, fleet: Fleet, target: Target, kills: int = KILLS
) -> tuple[Account, Scene]:
    """Let everything happen; what the broker has then."""
    spec = Spec(url=url, to=target.to, topic=target.topic)
    with under_load(store, fleet, target, spec) as scene:
        happened = harms(scene, kills)
        for harm in happened:
            harm()
    account = target.account()
    report(account, scene, happened)
    return account, scene


@BROKERS
@pytest.mark.databases("postgresql")
def test_every_broker_has_all_that_was_committed_and_nothing_else(
    store: EventStore, url: str, fleet: Fleet, target: BrokerTarget
) -> None:
    """In order per key; repeats have the same id, and NATS has none within its window."""
    account, scene = harmed(store, url, fleet, target)
    assert {} == account.faults(scene.writer.committed)
    assert scene.writer.rolled_back
    if target.drops_repeats:
        assert 0 == account.repeats


@VALKEY
@pytest.mark.databases("sqlite")
def test_from_sqlite_it_is_the_same(
    store: EventStore, url: str, fleet: Fleet, target: BrokerTarget
) -> None:
    """One file is the outbox of all."""
    account, scene = harmed(store, url, fleet, target, kills=max(1, KILLS // 2))
    assert {} == account.faults(scene.writer.committed)


@pytest.mark.databases("postgresql")
def test_a_file_has_all_that_was_committed(
    store: EventStore, url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """Torn lines of killed relays are mended by the next."""
    account, scene = harmed(store, url, fleet, FileTarget(tmp_path / "messages.jsonl"))
    assert {} == account.faults(scene.writer.committed)
