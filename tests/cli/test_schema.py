"""`upgrade`, `current`, `check`."""

from sqlalchemy import update

from sourcery import EventStore, schema
from tests.cli.support import Shell
from tests.databases import Database


def test_upgrade_makes_the_tables_once(empty_database: Database) -> None:
    """The second time there is nothing to do."""
    shell = Shell(empty_database.url.render_as_string(hide_password=False))
    assert "revision 3 now; it had no tables" in shell.text("upgrade")
    assert "at revision 3 already" in shell.text("upgrade")
    assert (3, True) == (shell.json("current")["revision"], shell.json("current")["is_usable"])


def test_a_database_without_tables_says_how_to_make_them(empty_database: Database) -> None:
    """Every command does, with exit status 1, and without the password."""
    shell = Shell(empty_database.url.render_as_string(hide_password=False))
    if empty_database.url.get_backend_name() == "sqlite":
        shell.run("upgrade")
        with EventStore(shell.url) as store:
            schema.tables.drop_all(store.engine)
    for words in (["current"], ["status"], ["tail"], ["check"]):
        error = shell.error(*words)
        assert "has no sourcery tables" in error
        assert "Hint: sourcery upgrade" in error
        assert str(empty_database.url.password or "@@@") not in error


def test_check_is_content(shell: Shell) -> None:
    """With what an upgrade has made."""
    assert "fit to be used" in shell.text("check")


def test_check_names_what_is_wrong(bank: EventStore, shell: Shell) -> None:
    """Here, tables of a later release; `current` shows them all the same."""
    with bank.engine.begin() as connection:
        connection.execute(update(schema.store).values(revision=99, minimum_revision=99))
    assert "needs code of revision 99 or later" in shell.error("check")
    assert not shell.json("current")["is_usable"]
    assert "usable       no" in shell.text("current")


def test_check_refuses_a_copy(bank: EventStore, shell: Shell) -> None:
    """Relays would stop there, and so a deployment should find out."""
    with bank.engine.begin() as connection:
        values = {"database_name": "elsewhere", "system_identifier": "1"}
        connection.execute(update(schema.store).values(**values))
    assert "a copy sends" in shell.error("check")
