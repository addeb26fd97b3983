"""Rule 40: in a copy of the database consumers go on, and effects stand still."""

from contextlib import nullcontext
from typing import Any

import pytest

from sourcery import Token, UnitOfWork
from sourcery.cloning import refuse_clone
from sourcery.errors import ConfigurationError, StoreCloned, StoreRewound
from sourcery.testing.conformance.support import execute, fall_back
from sourcery.worker import rounds
from sourcery.worker.link import Link
from tests.cloning.copies import copied, handled, on_another_server, projected, stands_still
from tests.databases import Database
from tests.domain import ADA, Deposited, append, open_bank
from tests.subscriber.support import deposit, row_of, status_of

pytestmark = [pytest.mark.promise(49), pytest.mark.promise(17)]


def test_rule_40_effects_stand_still_in_a_copy(copy: Database, database: Database) -> None:
    """Before anything is handled or stored; the error says where it is and was, and what to do."""
    error = stands_still(copy)
    assert isinstance(error, ConfigurationError)
    assert str(copy.url.database)[-50:] in error.found
    assert str(database.url.database)[-50:] in error.expected
    assert "store.adopt()" in str(error)
    with open_bank(copy) as bank:
        assert status_of(bank, "mails") is None


def test_rule_40_the_original_goes_on(copy: Database, database: Database) -> None:
    """It does not know of the copy."""
    with open_bank(database) as bank:
        assert 3 == handled(bank)
        refuse_clone(bank.database)


def test_rule_40_consumers_and_writers_go_on(copy: Database) -> None:
    """What they do stays in the copy."""
    with open_bank(copy) as bank:
        append(bank, ADA, [Deposited(3)])
        with UnitOfWork(bank) as uow:
            uow.publish("payments", payload=1)
        assert 4 == projected(bank)


@pytest.mark.databases("postgresql")
def test_rule_40_the_same_name_on_another_server(token: Token, database: Database) -> None:
    """A dump that is restored elsewhere: the server's identifier tells."""
    with on_another_server(database) as copy:
        error = stands_still(copy)
        assert "server" in error.found
        assert error.found != error.expected
        with open_bank(copy) as bank:
            assert 3 == projected(bank)
            assert bank.adopt()
            assert 3 == handled(bank)


@pytest.mark.databases("postgresql")
def test_rule_40_a_role_that_may_not_ask_compares_the_name(
    copy: Database, database: Database
) -> None:
    """Least privilege: at home nothing is refused, a copy of another name is."""
    role = f"role_{database.url.database}"
    revoke = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
    database.server.execute(f"CREATE ROLE {role} LOGIN")
    for each, cloned in ((database, False), (copy, True)):
        with open_bank(each) as bank:
            execute(bank, revoke)
            execute(bank, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
            execute(bank, f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
        humble = Database(name=each.name, url=each.url.set(username=role), server=each.server)
        with open_bank(humble) as bank, pytest.raises(StoreCloned) if cloned else nullcontext():
            assert 3 == handled(bank)
        with open_bank(each) as bank:
            execute(bank, f"DROP OWNED BY {role}")
    database.server.execute(f"DROP ROLE {role}")


@pytest.mark.databases("postgresql", "mariadb")
def test_rule_40_a_copy_ends_no_connection_of_the_original(
    copy: Database, database: Database
) -> None:
    """Its rows name the backends of the original's workers, whose leases run out in the copy."""
    with open_bank(database) as original, open_bank(copy) as bank:
        assert 3 == projected(bank)
        worker = Link(original.database)
        mark = worker.open()
        execute(bank, f"UPDATE sourcery_consumers SET owner = 'original', backend = '{mark}'")
        execute(bank, "UPDATE sourcery_consumers SET lease_until = '2026-01-01 00:00:00'")
        deposit(bank)
        assert 1 == projected(bank)
        with worker.transaction() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar()
        worker.close()


def test_rule_40_an_unknown_identifier_is_no_copy(token: Token, database: Database) -> None:
    """A row that was written where the database could not say."""
    with open_bank(database) as bank:
        execute(bank, "UPDATE sourcery_store SET system_identifier = NULL")
        assert 3 == handled(bank)
        execute(bank, "UPDATE sourcery_store SET database_name = ''")
        deposit(bank)
        assert 1 == handled(bank)


def test_rule_40_a_worker_looks_again_after_a_lost_connection(
    token: Token, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way may lead to another database by now."""
    looks: list[Any] = []
    monkeypatch.setattr(rounds, "refuse_clone", looks.append)

    def reconnecting(self: Any) -> list[Any]:
        if len(looks) == 1:
            raise rounds.Unreachable("for a moment") from OSError()
        return observe(self)

    observe = rounds.Claims.observe
    monkeypatch.setattr(rounds.Claims, "observe", reconnecting)
    with open_bank(database) as bank:
        assert 3 == handled(bank)
    assert 2 == len(looks)


@pytest.mark.promise(17)
def test_a_restored_backup_whose_consumers_are_ahead_says_so(
    token: Token, database: Database
) -> None:
    """A partial restore: the logs are of yesterday, the checkpoints of today."""
    with open_bank(database) as bank:
        assert 3 == handled(bank)
        last = row_of(bank, "mails").position
        execute(bank, "DELETE FROM sourcery_events WHERE position > 2")
        fall_back(bank, 2)
    with copied(database) as restored, open_bank(restored) as bank:
        with pytest.raises(StoreRewound, match=f"position {last}"):
            handled(bank)
        bank.repair()
        with pytest.raises(StoreCloned):
            handled(bank)
        assert bank.adopt()
        deposit(bank)
        assert 1 == handled(bank)
