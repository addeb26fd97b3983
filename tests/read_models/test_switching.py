"""Readers are given another version from one moment to the next."""

from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sourcery import EventStore, ReadModel, serving_model
from sourcery.errors import (
    ConsumerFailed,
    InvalidArgument,
    ReadModelDamaged,
    ReadModelNotServing,
    ReadModelRefused,
)
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.read_models.support import NAME, deposit, first, held, second
from tests.subscriber.support import Broken, policy


def serving(store: EventStore, *models: ReadModel) -> int:
    """The version that a reader is given."""
    with Session(store.engine) as session:
        return serving_model(session, *models).version


def built(store: EventStore) -> tuple[ReadModel, ReadModel]:
    """Both versions, of which the first serves."""
    deposit(store, "ada", 5)
    one, two = first(store), second(store)
    one.build()
    assert None is one.switch()
    two.build()
    return one, two


def test_a_reader_is_given_the_version_that_serves(bank: EventStore) -> None:
    """In its own transaction, with the tables of that version."""
    one, two = built(bank)
    assert 1 == serving(bank, one, two)
    assert 1 == two.switch()
    with Session(bank.engine) as session:
        model = serving_model(session, one, two)
        rows = session.execute(select(model.tables[NAME])).all()
    assert (2, [("ada", 5, 1)]) == (model.version, [tuple(row) for row in rows])
    with bank.engine.connect() as connection:
        assert two is serving_model(connection, one, two)


def test_a_switch_to_what_serves_does_nothing(bank: EventStore) -> None:
    """And the version before stays the one before."""
    one, two = built(bank)
    two.switch()
    assert 2 == two.switch()
    assert 1 == two.roll_back()
    assert 1 == serving(bank, one, two)


def test_it_is_rolled_back_and_forward(bank: EventStore) -> None:
    """As often as one likes."""
    one, two = built(bank)
    two.switch()
    deposit(bank, "bob", 1)  # the version before is behind now
    assert 1 == two.roll_back()
    assert 2 == one.roll_back()
    assert 2 == serving(bank, one, two)


def test_a_version_that_does_not_serve_is_not_rolled_back(bank: EventStore) -> None:
    """Nor one before which none served."""
    one, two = built(bank)
    with pytest.raises(ReadModelRefused, match="it does not serve"):
        two.roll_back()
    with pytest.raises(ReadModelRefused, match="no version served before"):
        one.roll_back()


def test_before_the_first_switch_nothing_serves(bank: EventStore) -> None:
    """A reader is told so, and of a version that its program does not know."""
    one, two = first(bank), second(bank)
    with pytest.raises(ReadModelNotServing, match=r"no version .* serves yet.*switch"):
        serving(bank, one, two)
    one.build()
    one.switch()
    with pytest.raises(ReadModelNotServing, match=r"version 1 .* serves, this program knows 2"):
        serving(bank, two)
    with pytest.raises(LookupError):
        serving(bank, two)
    with pytest.raises(InvalidArgument, match="models"):
        serving(bank)


def test_what_was_never_built_does_not_serve(bank: EventStore) -> None:
    """Nothing is changed."""
    one, two = first(bank), second(bank)
    one.build()
    one.switch()
    with pytest.raises(ReadModelRefused, match="never built: build"):
        two.switch()
    two.prepare()
    with pytest.raises(ReadModelRefused, match="never built"):
        two.switch()
    assert 1 == serving(bank, one, two)


def test_it_handles_first_what_came_since_the_build(bank: EventStore) -> None:
    """Nobody need run it for that."""
    one, two = built(bank)
    deposit(bank, "bob", 3)
    two.switch()
    assert {"ada": 5, "bob": 3} == held(bank, two)
    assert 2 == serving(bank, one, two)


@pytest.mark.promise(49)
def test_one_that_cannot_keep_up_is_refused(bank: EventStore, background: Background) -> None:
    """Its worker is busy with an event that fails."""
    one, two = built(bank)
    stop, failed = Event(), Event()

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        failed.set()
        raise Broken("not now")

    slow = second(bank, fail, on_error=policy("stop", retries=100, wait=60.0, longest_wait=60.0))
    task = background(slow.run, stop)
    position = deposit(bank, "ada", 1)
    assert failed.wait(DEADLINE)
    with pytest.raises(ReadModelRefused, match=f"is at position 1 of {position}: build"):
        two.switch(timeout=0.2)
    stop.set()
    task.result(DEADLINE)
    assert 1 == serving(bank, one, two)


def test_one_that_gave_events_up_is_refused(bank: EventStore) -> None:
    """Until somebody decided on them."""
    built(bank)

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        raise Broken("never")

    two = second(bank, fail, on_error=policy("park"))
    position = deposit(bank, "ada", 1)
    two.build()
    with pytest.raises(ConsumerFailed, match="Broken"):
        two.switch()
    two.consumer.drop(position, "seen")
    assert 1 == two.switch()


def test_one_that_skipped_events_is_refused(bank: EventStore) -> None:
    """By its policy, of which readers know nothing."""
    built(bank)

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        raise Broken("never")

    two = second(bank, fail, on_error=policy("skip"))
    position = deposit(bank, "ada", 1)
    two.build()
    with pytest.raises(
        ReadModelRefused, match=f"skipped 1 events, the first at position {position}"
    ):
        two.switch()
    assert 1 == two.switch(allow_skipped=True)


def test_one_whose_tables_are_gone_is_refused(bank: EventStore) -> None:
    """Whatever its checkpoint says."""
    one, two = built(bank)
    two.tables["entries"].drop(bank.engine)
    with pytest.raises(ReadModelDamaged, match="has no sourcery_balances__entries__v2"):
        two.switch()
    assert 1 == serving(bank, one, two)


def test_what_serves_is_not_dropped(bank: EventStore) -> None:
    """Another is, with everything of its own."""
    one, two = built(bank)
    with pytest.raises(ReadModelRefused, match="it serves: switch"):
        one.drop()
    two.switch()
    one.drop()
    one.drop()  # again, as after a drop that broke off
    with pytest.raises(ReadModelRefused, match="was dropped"):
        two.roll_back()
    deposit(bank, "bob", 2)
    one.build()  # from the origin
    assert {"ada": 5, "bob": 2} == held(bank, one)


def test_what_runs_is_not_dropped(bank: EventStore, background: Background) -> None:
    """Stop it first."""
    _, two = built(bank)
    stop = Event()
    running = second(bank)
    task = background(running.run, stop)
    wait_until(lambda: any(shard.owner for shard in two.consumer.health().shards))
    with pytest.raises(ReadModelRefused, match="runs shard 0: stop it first"):
        two.drop()
    stop.set()
    task.result(DEADLINE)
    two.drop()


def test_a_version_that_was_dropped_does_not_serve(bank: EventStore) -> None:
    """Whoever asks."""
    _, two = built(bank)
    two.drop()
    with pytest.raises(ReadModelRefused, match="never built"):
        two.switch()
