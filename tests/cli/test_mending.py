"""`repair` and `adopt`."""

import pytest
from sqlalchemy import update

from sourcery import EventStore, schema
from tests.cli.support import Shell
from tests.control.support import deposits
from tests.domain import ADA, BOB


def test_a_whole_store_is_left_alone(bank: EventStore, shell: Shell) -> None:
    """Nothing is asked, nothing is done."""
    before = shell.json("current")
    assert "nothing is to be repaired" in shell.text("repair")
    assert "nothing is to be adopted" in shell.text("adopt")
    assert before == shell.json("current")


def test_a_copy_is_adopted(bank: EventStore, shell: Shell) -> None:
    """Once somebody says yes; it is another store then, or with --moved the same."""
    before = shell.json("current")["store_id"]
    for words in (["--moved"], []):
        with bank.engine.begin() as connection:
            values = {"database_name": "elsewhere", "system_identifier": "1"}
            connection.execute(update(schema.store).values(**values))
        assert "the store was set up in" in shell.error("adopt")
        shell.run("adopt", "--yes", *words)
        assert (words == ["--moved"]) == (before == shell.json("current")["store_id"])


@pytest.mark.databases("sqlite", "mariadb")
def test_a_rewound_store_is_repaired(bank: EventStore, shell: Shell) -> None:
    """It says what is wrong, asks, and goes on above what is stored."""
    deposits(bank, ADA, 5)
    with bank.engine.begin() as connection:
        connection.execute(update(schema.positions).values(last=2))
    assert "the counter stands at 2, but position 5" in shell.error("repair")
    shell.run("repair", "--yes")
    with EventStore(shell.url) as again:
        deposits(again, BOB)
    assert 6 == shell.json("event", "show", 6)["position"]
