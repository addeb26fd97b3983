"""A version is built anew aside and compared, while it serves."""

from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.orm import Session

from sourcery import EventStore, consumer_health, serving_model
from sourcery.errors import NotComparable
from sourcery.read_models import Difference, Progress
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE
from tests.read_models.support import NAME, change, deposit, held, second
from tests.subscriber.support import Broken, policy


def left_over(store: EventStore) -> list[str]:
    """Tables and consumers of a check."""
    names = [name for name in inspect(store.engine).get_table_names() if "check" in name]
    return names + [h.name for h in consumer_health(store) if "check" in h.name]


def test_what_is_right_is_equal(bank: EventStore) -> None:
    """All its tables, and nothing is left behind."""
    deposit(bank, "ada", 1, 2)
    model = second(bank)
    model.build()
    model.switch()
    found = model.verify()
    assert (3, True, ()) == (found.compared, found.is_equal, found.left_out)
    assert [] == left_over(bank)
    with Session(bank.engine) as session:
        assert model is serving_model(session, model)


def test_what_is_wrong_is_found(bank: EventStore) -> None:
    """In any table, by its key."""
    deposit(bank, "ada", 1, 2)
    model = second(bank)
    model.build()
    table, entries = model.tables[NAME], model.tables["entries"]
    change(bank, update(table).values(cents=table.c.cents + 1))
    change(bank, delete(entries).where(entries.c.version == 2))
    found = model.verify()
    assert {
        Difference(table=NAME, key=("ada",), what="cents"),
        Difference(table="entries", key=("ada", 2), what="missing"),
    } == {*found.examples}


def test_it_includes_what_came_meanwhile(bank: EventStore) -> None:
    """Both stand at one position; nobody need run the version."""
    deposit(bank, "ada", 1)
    model = second(bank)
    model.build()
    deposit(bank, "bob", 1)
    seen: list[Progress] = []
    assert model.verify(on_progress=seen.append).is_equal
    assert {"ada": 1, "bob": 1} == held(bank, model)


def test_a_sample_may_do(bank: EventStore) -> None:
    """It costs the same build, and fewer comparisons."""
    for number in range(50):
        deposit(bank, f"a{number}", 1)
    model = second(bank)
    model.build()
    assert 0 < model.verify(sample=0.3).compared < 100


def test_what_an_interrupted_check_left_is_dropped(bank: EventStore) -> None:
    """By the next one."""
    deposit(bank, "ada", 1)
    calls: list[int] = []

    def dies(uow: Any, recorded: Any, tables: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Broken("in the check")

    model = second(bank, dies, on_error=policy("stop"))
    model.build()
    with pytest.raises(NotComparable, match="its handler failed in the check: Broken"):
        model.verify()
    assert [] == left_over(bank)
    assert model.verify().is_equal


def test_only_one_checks_at_a_time(bank: EventStore, background: Background) -> None:
    """A second would drop what the first builds."""
    deposit(bank, "ada", 1)
    inside, go_on = Event(), Event()
    calls: list[int] = []

    def waits_in_its_check(uow: Any, recorded: Any, tables: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            inside.set()
            go_on.wait(DEADLINE)

    model = second(bank, waits_in_its_check)
    model.build()
    task = background(model.verify)
    assert inside.wait(DEADLINE)
    try:
        if bank.engine.dialect.name != "sqlite":  # where the handler has the database locked
            with pytest.raises(NotComparable, match="another check of it runs"):
                second(bank).verify()
    finally:
        go_on.set()
    assert task.result(DEADLINE).is_equal
