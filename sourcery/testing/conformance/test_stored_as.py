"""What is in the tables: strings that the user chose, and JSON."""

import ast
import json
from enum import Enum
from pathlib import Path

import pytest
from attrs import frozen
from sqlalchemy import MetaData, String, cast, select

import sourcery
from sourcery import EventStore, Stream, UnitOfWork, event, metadata
from sourcery.schema import events as events_table
from sourcery.testing.conformance.domain import Account, Order

pytestmark: object = pytest.mark.promise(46)

#: Modules and functions that turn stored text into code.
LOADERS = {"pickle", "marshal", "shelve", "dill", "eval", "exec", "import_module", "__import__"}


class Currency(Enum):
    """A class whose name must not be stored."""

    EURO = "EUR"


@frozen
class Money:
    """A nested value."""

    amount: int
    currency: Currency


@event("invoice.sent")
@frozen
class InvoiceWasSent:
    """An event whose class is called otherwise than its kind."""

    total: Money


def write_everything(bank: EventStore) -> None:
    """One of each kind of row."""
    with metadata(actor="ada"), UnitOfWork(bank) as uow:
        uow.create(Account, "ada").open("Ada")
        uow.create(Order, 1).place("tea")
        uow.append(Stream("invoice", 1), [InvoiceWasSent(Money(5, Currency.EURO))])
        uow.publish("invoices", key=1, payload=InvoiceWasSent(Money(5, Currency.EURO)))


def test_kinds_are_the_chosen_strings(bank: EventStore) -> None:
    """And categories, and schema versions."""
    write_everything(bank)
    columns = (events_table.c.category, events_table.c.kind, events_table.c.schema_version)
    with bank.engine.connect() as connection:
        assert {
            ("account", "account.opened", 1),
            ("order", "order.placed", 1),
            ("invoice", "invoice.sent", 1),
        } == {tuple(row) for row in connection.execute(select(*columns))}


def test_the_payload_is_the_fields_alone(bank: EventStore) -> None:
    """Anybody's JSON library reads it."""
    write_everything(bank)
    data = select(cast(events_table.c.data, String(1000))).where(
        events_table.c.kind == "invoice.sent"
    )
    with bank.engine.connect() as connection:
        stored = json.loads(connection.scalars(data).one())
    assert {"total": {"amount": 5, "currency": "EUR"}} == stored


def test_no_column_holds_a_class_or_a_path(bank: EventStore) -> None:
    """No module, no class, no pickle, in any row of any table."""
    write_everything(bank)
    everything = dump(bank)
    for name in ("tests.", "append", "InvoiceWasSent", "Money", "Currency", "Opened", "sourcery."):
        assert name not in everything
    assert "\\x80" not in everything


def dump(bank: EventStore) -> str:
    """All values of all tables of ours, but alembic's."""
    found = MetaData()
    found.reflect(bank.engine)
    ours = [t for name, t in found.tables.items() if not name.endswith("alembic_version")]
    assert len(ours) >= 4
    with bank.engine.connect() as connection:
        return "\n".join(repr(tuple(row)) for t in ours for row in connection.execute(select(t)))


def test_the_library_cannot_load_code() -> None:
    """It imports and calls nothing that could; the command line loads what its user names."""
    whole = Path(sourcery.__file__).parent
    for path in set(whole.rglob("*.py")) - {whole / "cli" / "loading.py"}:
        names = {
            getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            for node in ast.walk(ast.parse(path.read_text()))
        }
        assert set() == names & LOADERS, path
