"""Celery: a task is a unit of work, and messages of the outbox start tasks in a real worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from examples import celery_bank
from examples.bank import Account, Deposited, Opened
from sourcery import Consumer, EventStore, UnitOfWork, metadata
from sourcery.errors import WaitTimeout
from tests.brokers import BROKERS
from tests.databases import Database
from tests.docs.test_blocks import ROOT
from tests.frameworks.web import ADA, history
from tests.ordering.support import DEADLINE, wait_until

PAYMENT = {"account": "ada", "cents": 5}


@pytest.fixture
def environment(
    database: Database, bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Where the app finds its database, here and in workers; with an account."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("BANK_DATABASE", url)
    celery_bank.store.cache_clear()
    with UnitOfWork(bank) as uow:
        uow.create(Account, "ada").open("Ada")
    yield
    celery_bank.store().close()
    celery_bank.store.cache_clear()


def publish(bank: EventStore) -> None:
    """A payment, as a message of the outbox."""
    with metadata(correlation_id="request 1"), UnitOfWork(bank) as uow:
        uow.publish("bank.pay_in", key="ada", payload=PAYMENT)


@pytest.mark.usefixtures("environment")
def test_a_task_counts_once(bank: EventStore) -> None:
    """By its id, however often it is delivered."""
    for task_id, is_new in (("a", True), ("a", False), ("b", True)):
        done = celery_bank.pay_in.apply(kwargs={"payment": PAYMENT}, task_id=task_id)
        assert is_new == done.get()
    assert [Opened("Ada"), Deposited(5), Deposited(5)] == history(bank)


@pytest.mark.usefixtures("environment")
def test_a_task_that_fails_stores_nothing(bank: EventStore) -> None:
    """And is as new as before."""
    failing = {"account": "ada", "cents": 0}
    done = celery_bank.pay_in.apply(kwargs={"payment": failing}, task_id="a")
    assert isinstance(done.result, ValueError)
    assert celery_bank.pay_in.apply(kwargs={"payment": PAYMENT}, task_id="a").get()
    assert [Opened("Ada"), Deposited(5)] == history(bank)


@pytest.mark.databases("sqlite")
@pytest.mark.usefixtures("environment")
def test_a_broker_that_is_away_costs_no_attempt(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message waits in the outbox."""
    publish(bank)
    monkeypatch.setattr(celery_bank, "app", Celery("away", broker="redis://127.0.0.1:1"))
    with pytest.raises(WaitTimeout):
        celery_bank.relay().drain(timeout=1.0)
    assert [] == Consumer(bank, "relay:bank.pay_in").letters()


@pytest.fixture
def broker_url(pytestconfig: pytest.Config) -> str:
    """Valkey, which Celery takes for Redis."""
    brokers = pytestconfig.stash[BROKERS]
    if missing := brokers.missing("valkey"):
        pytest.skip(missing)
    brokers["valkey"].start()
    return brokers["valkey"].url().replace("valkey:", "redis:")


@pytest.fixture
def worker(
    broker_url: str, environment: None, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[subprocess.Popen[bytes]]":
    """Celery's own, in another process; here an app that sends to it."""
    monkeypatch.setattr(celery_bank, "app", Celery("sender", broker=broker_url))
    command = [sys.executable, "-m", "celery", "--app", "examples.celery_bank", "worker"]
    command += ["--pool", "solo", "--loglevel", "warning", "--without-gossip", "--without-mingle"]
    names = {"BANK_BROKER": broker_url, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=os.environ | names, cwd=Path.cwd()) as process:
        yield process
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.mark.databases("postgresql")
@pytest.mark.usefixtures("worker")
def test_a_message_of_the_outbox_is_handled_by_a_worker(bank: EventStore) -> None:
    """Once, though the relay sends it twice, and with the metadata of whoever published."""
    publish(bank)
    celery_bank.relay().drain(DEADLINE)
    Consumer(bank, "relay:bank.pay_in").rewind(0)
    celery_bank.relay().drain(DEADLINE)
    publish(bank)
    celery_bank.relay().drain(DEADLINE)
    wait_until(lambda: len(history(bank)) == 3)
    assert [Opened("Ada"), Deposited(5), Deposited(5)] == history(bank)
    assert "request 1" == [r.metadata.correlation_id for r in bank.read(ADA)][-1]
