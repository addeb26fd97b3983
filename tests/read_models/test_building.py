"""A version is built from the log in tables of its own, and goes on where it was."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Enum,
    ForeignKey,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    insert,
    inspect,
)

from sourcery import EventStore, ReadModel
from sourcery.errors import (
    ConfigurationError,
    ConsumerFailed,
    DefinitionError,
    InvalidArgument,
    ReadModelDamaged,
    ReadModelMismatch,
    WaitTimeout,
)
from sourcery.read_models import Progress
from tests.domain import Deposited
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE
from tests.read_models.support import (
    BALANCES,
    NAME,
    add_up,
    change,
    deposit,
    first,
    held,
    second,
)
from tests.subscriber.support import Broken


def test_two_versions_live_side_by_side(bank: EventStore) -> None:
    """Each in its own tables, with indexes and constraints of its own."""
    deposit(bank, "ada", 5, 7)
    one, two = first(bank), second(bank)
    one.build()
    two.build()
    deposit(bank, "bob", 1)
    two.build()
    assert {"ada": 12} == held(bank, one)
    assert {"ada": 12, "bob": 1} == held(bank, two)
    assert ["balances@1", "balances@2"] == [one.consumer.name, two.consumer.name]
    names = inspect(bank.engine).get_table_names()
    assert {f"sourcery_{NAME}__v1", f"sourcery_{NAME}__v2", f"sourcery_{NAME}__entries__v2"} <= {
        *names
    }


def test_it_goes_on_where_it_was(bank: EventStore) -> None:
    """Whichever object or process builds."""
    deposit(bank, "ada", 1)
    first(bank).build()
    deposit(bank, "ada", 2)
    first(bank).build()
    assert {"ada": 3} == held(bank, first(bank))


def test_a_batch_handler_is_given_lists(bank: EventStore) -> None:
    """With the tables of its version."""
    deposit(bank, "ada", *range(5))
    sizes: list[int] = []

    def handle(uow: Any, page: Any, tables: Any) -> None:
        sizes.append(len(page))
        for recorded in page:
            add_up(uow, recorded, tables)

    model = first(bank, handle, batch=True)
    model.build()
    assert [5] == sizes
    assert {"ada": 10} == held(bank, model)


def test_many_may_prepare_at_once(bank: EventStore, background: Background) -> None:
    """Tables are made once."""
    tasks = [background(first(bank).build) for _ in range(4)]
    for task in tasks:
        task.result(DEADLINE)
    assert {} == held(bank, first(bank))


def test_tables_may_be_made_before(bank: EventStore) -> None:
    """Where workers may not make any."""
    first(bank).prepare()
    assert {} == held(bank, first(bank))
    deposit(bank, "ada", 1)
    first(bank).build()
    assert {"ada": 1} == held(bank, first(bank))


def test_a_build_that_broke_off_between_its_tables_goes_on(bank: EventStore) -> None:
    """MariaDB commits each of them."""
    model = second(bank)
    model.tables["entries"].create(bank.engine)
    deposit(bank, "ada", 1)
    model.build()
    assert {"ada": 1} == held(bank, model)


def test_names_are_compared_by_bytes(bank: EventStore) -> None:
    """As in the log: the default of MariaDB calls these four one."""
    names = ["Ada", "ada", "ada ", "Áda"]
    for name in names:
        deposit(bank, name, 1)
    model = first(bank)
    model.build()
    assert dict.fromkeys(names, 1) == held(bank, model)


def test_an_index_that_was_not_made_is_made(bank: EventStore) -> None:
    """Its process was killed after the table, where each statement commits by itself."""
    model = second(bank)
    table = model.tables[NAME]
    indexes, table.indexes = table.indexes, set()
    table.metadata.create_all(bank.engine)
    table.indexes = indexes
    model.prepare()
    found = inspect(bank.engine).get_indexes(table.name)
    assert f"{table.name}_i0" in {index["name"] for index in found}


def test_progress_is_counted_in_positions(bank: EventStore) -> None:
    """With what is left."""
    deposit(bank, "ada", *range(10))
    model = first(bank)
    model.build()
    done = model.progress()
    assert (10, 10, 1.0, 0.0) == (done.position, done.settled, done.share, done.seconds_left)
    deposit(bank, "ada", *range(10))
    half = model.progress()
    assert (10, 20, 0.5, None) == (half.position, half.settled, half.share, half.seconds_left)


def test_the_rest_takes_as_long_as_the_rate_says() -> None:
    """And nobody knows before it moved."""
    assert 5.0 == Progress(position=50, settled=100, rate=10.0).seconds_left
    assert None is Progress(position=50, settled=100, rate=None).seconds_left


def test_a_build_reports_and_is_given_up_in_time(bank: EventStore) -> None:
    """What was done is kept."""
    deposit(bank, "ada", 1, 2)
    seen: list[Progress] = []

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        if recorded.event.amount == 2:
            raise Broken("two")
        add_up(uow, recorded, tables)

    model = first(bank, fail, interval=0.01)
    with pytest.raises(WaitTimeout):
        model.build(timeout=1.5, on_progress=seen.append)
    assert {"ada": 1} == held(bank, model)
    assert [1] == [progress.position for progress in seen]


def test_an_event_that_fails_for_good_ends_the_build(bank: EventStore) -> None:
    """With the cause."""
    deposit(bank, "ada", 1)

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        raise Broken("always")

    from sourcery import ErrorPolicy

    with pytest.raises(ConsumerFailed, match="Broken") as caught:
        first(bank, fail, on_error=ErrorPolicy("stop", retries=0)).build()
    assert isinstance(caught.value.__cause__, Broken)


def test_other_columns_need_another_version(bank: EventStore) -> None:
    """A typed error says so before anything is handled."""
    first(bank).build()
    other = Table(
        NAME, MetaData(), Column("account", String(50), primary_key=True), Column("sum", Integer)
    )
    changed = ReadModel(bank, NAME, add_up, version=1, tables=[other], events=Deposited)
    with pytest.raises(ReadModelMismatch, match=r"account, cents .* account, sum: .* new version"):
        changed.build()
    with pytest.raises(ConfigurationError):
        changed.prepare()


@pytest.mark.promise(49)
def test_tables_and_checkpoint_belong_together(bank: EventStore) -> None:
    """One without the other is neither built on nor begun anew."""
    deposit(bank, "ada", 1)
    model = first(bank)
    model.build()
    model.consumer.forget()
    with pytest.raises(ReadModelDamaged, match="holds rows, but the checkpoint is gone"):
        model.build()
    model.drop()
    model.build()
    model.tables[BALANCES].drop(bank.engine)
    with pytest.raises(ReadModelDamaged, match=r"it has no sourcery_balances__v1 .*drop"):
        model.run()
    model.drop()
    model.build()
    assert {"ada": 1} == held(bank, model)


def test_a_table_without_rows_may_be_begun_anew(bank: EventStore) -> None:
    """Its process ended before the consumer was stored."""
    model = first(bank)
    model.prepare()
    change(bank, insert(model.tables[BALANCES]).values(account="x", cents=1))
    with pytest.raises(ReadModelDamaged):
        model.prepare()


def refused(store: EventStore, *tables: Table, **named: Any) -> str:
    """What is said of a declaration."""
    options: dict[str, Any] = {"name": NAME, "version": 1} | named
    with pytest.raises((DefinitionError, InvalidArgument)) as caught:
        ReadModel(
            store,
            options.pop("name"),
            options.pop("handler", add_up),
            tables=tables,
            events=Deposited,
            **options,
        )
    return str(caught.value)


@pytest.mark.databases("sqlite")
def test_what_cannot_work_is_refused_when_it_is_declared(bank: EventStore) -> None:
    """With the reason."""

    def key() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    assert "at least one table" in refused(bank)
    assert "needs a primary key" in refused(bank, Table("t", MetaData(), Column("id", Integer)))
    assert "no schema" in refused(bank, Table("t", MetaData(schema="s"), key()))
    foreign = Column("other", ForeignKey("o.id"))
    assert "no foreign key" in refused(bank, Table("t", MetaData(), key(), foreign))
    counted = Column("id", Integer, Sequence("numbers"), primary_key=True)
    assert "has a sequence" in refused(bank, Table("t", MetaData(), counted))
    native = Column("kind", Enum("a", "b", name="kinds"))
    assert "native_enum=False" in refused(bank, Table("t", MetaData(), key(), native))
    assert "given twice" in refused(bank, BALANCES, BALANCES)
    long = Table("t" * 60, MetaData(), key())
    assert "shorter names" in refused(bank, long)
    assert "lower-case" in refused(bank, Table("T", MetaData(), key()))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("name", ["", "Balances", "a__b", "_a", "a-b", "a@1", 5])
def test_a_name_is_a_part_of_a_tables_name(bank: EventStore, name: Any) -> None:
    """And no two models have tables of one name."""
    assert "lower-case" in refused(bank, BALANCES, name=name)


@pytest.mark.databases("sqlite")
def test_bad_arguments_are_named(bank: EventStore) -> None:
    """Before anything connects."""
    assert "version" in refused(bank, BALANCES, version=0)
    assert "version" in refused(bank, BALANCES, version=True)
    assert "after" in refused(bank, BALANCES, after=5)
    assert "handler" in refused(bank, BALANCES, handler=None)
    assert "tables" in refused(bank, BALANCES, handler=lambda uow, recorded: None)
