"""What is wrong with a log is found, each sort of it, and nothing else."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from sourcery import EventStore
from sourcery.schema import consumers, events
from sourcery.upkeep import LogCheck, Trouble, check_kinds, stored_kinds, verify_log
from tests.control.support import deposits, given_up, registered
from tests.databases import Database
from tests.domain import ADA, BOB, Remarked, append, open_bank


@pytest.fixture
def bank(database: Database) -> Any:
    """Ada's three events and Bob's three."""
    with open_bank(database) as store:
        for stream in (ADA, BOB):
            deposits(store, stream, 3)
        yield store


def change(store: EventStore, statement: Any) -> None:
    """By hand."""
    with store.engine.begin() as connection:
        connection.execute(statement)


def damage(store: EventStore, position: int, column: str, text: str) -> None:
    """Write a JSON text as it is."""
    with store.engine.begin() as connection:
        where = f"where position = {position}"
        connection.exec_driver_sql(f"update sourcery_events set {column} = '{text}' {where}")


def found(check: LogCheck) -> list[tuple[str, int | None, str]]:
    """Each problem in short."""
    return [(p.what.value, p.position, p.where) for p in check.problems]


def test_a_whole_log_is_right(bank: EventStore) -> None:
    """With and without classes; what is looked at is counted."""
    given_up(registered(bank, position=6), next(bank.read()))
    for decode in (True, False):
        check = verify_log(bank, decode=decode)
        assert (True, 6, []) == (check.is_right, check.events, found(check))


def test_a_gap_in_versions_is_found(bank: EventStore) -> None:
    """In the middle and at the beginning."""
    change(bank, delete(events).where(events.c.position.in_([2, 4])))
    expected = [("gap", 3, "account/ada"), ("gap", 5, "account/bob")]
    assert expected == found(verify_log(bank))


def test_versions_in_another_order_than_positions_are_found(bank: EventStore) -> None:
    """A consumer would see the later version first."""
    for position, version in ((1, 99), (2, 1), (1, 2)):
        statement = update(events).where(events.c.position == position)
        change(bank, statement.values(version=version))
    assert [("disorder", 1, "account/ada")] == found(verify_log(bank))


def test_what_cannot_be_read_is_found(bank: EventStore) -> None:
    """By the classes of the store; without them it is JSON like any other."""
    damage(bank, 2, "data", '{"amount":"x"}')
    check = verify_log(bank)
    assert [("undecodable", 2, "account/ada")] == found(check)
    assert "amount" in check.problems[0].text
    assert verify_log(bank, decode=False).is_right


@pytest.mark.databases("sqlite")
def test_what_is_no_json_is_found(bank: EventStore) -> None:
    """Where the database takes it: payload and metadata."""
    damage(bank, 2, "data", "{")
    damage(bank, 4, "metadata", "{")
    positions = [position for _, position, _ in found(verify_log(bank, decode=False))]
    assert [2, 4] == positions


def test_kinds_without_a_class_are_counted(bank: EventStore) -> None:
    """They are passed over, which may be meant."""
    change(bank, update(events).where(events.c.position > 4).values(kind="account.gone"))
    check = verify_log(bank)
    assert (True, {"account.gone": 2}) == (check.is_right, check.undeclared)


def test_a_letter_without_its_event_is_found(bank: EventStore) -> None:
    """Nobody could retry it."""
    consumer = registered(bank, position=6)
    given_up(consumer, list(bank.read())[5])
    change(bank, delete(events).where(events.c.position == 6))
    assert [("letter", 6, "balances")] == found(verify_log(bank))


def test_a_checkpoint_beyond_the_log_is_found(bank: EventStore) -> None:
    """What comes below it would never be delivered."""
    registered(bank)
    change(bank, update(consumers).values(position=1000))
    [(what, _, _)] = found(verify_log(bank))
    assert Trouble.REWOUND == what


def test_many_problems_are_counted_and_some_told(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a broken log does not fill the memory."""
    monkeypatch.setattr("sourcery.upkeep.checking._MOST", 2)
    for position in range(1, 7):
        damage(bank, position, "data", '{"amount":"x"}')
    check = verify_log(bank)
    assert (2, 6) == (len(check.problems), check.counts[Trouble.UNDECODABLE])


def test_kinds_and_versions_are_counted(bank: EventStore) -> None:
    """With their first and last positions."""
    append(bank, BOB, [Remarked("x")])
    change(bank, update(events).where(events.c.position == 6).values(schema_version=2))
    facts = [(k.kind, k.schema_version, k.events, k.first, k.last) for k in stored_kinds(bank)]
    expected = [
        ("account.deposited", 1, 5, 1, 5),
        ("account.deposited", 2, 1, 6, 6),
        ("remark.made", 1, 1, 7, 7),
    ]
    assert expected == facts


@pytest.mark.parametrize(("sample", "seen"), [(2, 2), (3, 3), (100, 6)])
def test_a_sample_of_each_kind_is_read(bank: EventStore, sample: int, seen: int) -> None:
    """The oldest and the newest, each once."""
    [check] = check_kinds(bank, sample=sample)
    assert (seen, True, None) == (check.sampled, check.declared, check.error)


def test_the_sample_finds_what_cannot_be_read(bank: EventStore) -> None:
    """In the oldest and in the newest; a kind without a class is no error."""
    damage(bank, 6, "data", '{"amount":"x"}')
    change(bank, update(events).where(events.c.position == 3).values(kind="account.gone"))
    deposited, gone = check_kinds(bank, sample=2)
    assert deposited.error is not None
    assert 6 == deposited.error.position
    assert (False, 0) == (gone.declared, gone.sampled)
