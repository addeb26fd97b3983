"""The test brokers themselves: never skipped in silence, killed and started on the same port."""

from pathlib import Path

import pytest

from tests.brokers import BROKERS, Broker, Brokers
from tests.brokers.broker import listens
from tests.databases import NotConfigured

NAMES = ["kafka", "rabbitmq", "nats", "valkey"]


@pytest.fixture(params=NAMES)
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each one that is installed."""
    brokers = request.config.stash[BROKERS]
    if missing := brokers.missing(request.param):
        pytest.skip(missing)
    broker = brokers[request.param]
    broker.start()
    return broker


def section(path: Path, value: str) -> Brokers:
    """The brokers of a configuration with one entry."""
    (path / "setup.cfg").write_text(f"[brokers]\nmine = {value}\n")
    return Brokers(path / "setup.cfg")


def test_a_broker_comes_back_on_its_port(broker: Broker) -> None:
    """Those who know it find it again."""
    port = broker.port
    broker.kill()
    assert not listens(port)
    broker.start()
    assert (port, True) == (broker.port, listens(port))


def test_a_missing_one_says_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is a failure when it is required."""
    brokers = section(tmp_path, "apt:rabbitmq-server")
    monkeypatch.setattr(type(brokers["mine"]), "program", lambda self: None)
    words = "mine is not installed: apt-get install rabbitmq-server"
    assert words == brokers.missing("mine")
    with pytest.raises(NotConfigured, match=words):
        brokers.require(["all"])


def test_an_unknown_kind_is_named(tmp_path: Path) -> None:
    """With those there are."""
    with pytest.raises(NotConfigured, match="rabbitmq"):
        section(tmp_path, "apt:pigeons")
