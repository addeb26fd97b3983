"""A handler behind its inbox: call it for every delivery."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sourcery import Accepting, EventStore, UnitOfWork, accepting, purge_inbox
from sourcery.errors import InvalidArgument, InvalidName, MessageTooOld, UseTheHandlersSession
from tests.databases import Database
from tests.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    Opened,
    append,
    history,
    make_notes,
    notes_stored,
    open_bank,
)
from tests.inbox.support import accepted, let_pass, remembered
from tests.proxy import Proxy
from tests.subscriber.support import deposit, subscriber

pytestmark = pytest.mark.promise(43)


def paid_in(store: EventStore) -> Accepting[int]:
    """Deposits what it is given."""

    @accepting(store, "payments")
    def paid(uow: UnitOfWork, amount: int) -> None:
        uow.get_or_create(Account, "ada").deposit(amount)

    return paid


def test_a_message_takes_effect_once(bank: EventStore) -> None:
    """The answer says whether it did this time."""
    paid = paid_in(bank)
    assert [True, False, True] == [paid(id, 5) for id in ("1", "1", "2")]
    assert [Deposited(5), Deposited(5)] == history(bank, ADA)


def test_a_handler_that_fails_leaves_the_message_new(bank: EventStore) -> None:
    """Its error passes through as it is; the broker delivers again."""

    @accepting(bank, "payments")
    def paid(uow: UnitOfWork, message: str) -> None:
        uow.session.add(Note(text=message))
        if len(asked) == 1:
            raise RuntimeError("not now")

    asked = [1]
    with pytest.raises(RuntimeError, match="not now"):
        paid("1", "first")
    asked.append(2)
    assert paid("1", "again")
    assert ["again"] == notes_stored(bank)


def test_a_conflict_is_tried_again(bank: EventStore) -> None:
    """On fresh state, as `transact` does."""
    append(bank, ADA, [Opened("Ada")])
    runs: list[int] = []

    @accepting(bank, "payments")
    def paid(uow: UnitOfWork, amount: int) -> None:
        runs.append(uow.get(Account, "ada").balance)
        uow.get(Account, "ada").deposit(amount)
        if len(runs) == 1:
            with UnitOfWork(bank, session=uow.session) as other:
                other.append(ADA, [Deposited(1)])

    assert paid("1", 5)
    assert ([0, 0], [Opened("Ada"), Deposited(5)]) == (runs, history(bank, ADA))


def test_when_it_was_sent_is_handed_on(bank: EventStore) -> None:
    """So that what was forgotten is refused."""
    sent = datetime.now(UTC) - timedelta(days=9)
    assert paid_in(bank)("1", 5, sent_at=sent)
    let_pass(bank, timedelta(days=8))
    purge_inbox(bank)
    with pytest.raises(MessageTooOld):
        paid_in(bank)("1", 5, sent_at=sent)


@pytest.mark.promise(49)
def test_rule_15_not_inside_a_handler_of_a_subscriber(bank: EventStore) -> None:
    """Its unit of work would wait for the page's: there, `uow.accept` is right."""
    deposit(bank)
    told: list[type[Exception]] = []

    def handler(uow: UnitOfWork, recorded: object) -> None:
        try:
            paid_in(bank)("1", 5)
        except UseTheHandlersSession as error:
            told.append(type(error))

    subscriber(bank, handler).drain()
    assert ([UseTheHandlersSession], []) == (told, remembered(bank))


async def asynchronous(uow: UnitOfWork, message: object) -> None: ...


def too_few(uow: UnitOfWork) -> None: ...


@pytest.mark.parametrize("bad", [asynchronous, too_few, 5])
def test_what_cannot_handle_is_refused_at_once(store: EventStore, bad: Any) -> None:
    """Not at the first message."""
    with pytest.raises(InvalidArgument, match="handler"):
        accepting(store, "payments")(bad)
    with pytest.raises(InvalidName):
        accepting(store, "")


def test_a_handler_that_gives_back_a_coroutine_has_done_nothing(bank: EventStore) -> None:
    """So the message stays new."""

    def hidden(uow: UnitOfWork, message: object) -> object:
        return asynchronous(uow, message)

    with pytest.raises(InvalidArgument, match="awaitable"):
        accepting(bank, "payments")(hidden)("1", 5)
    assert accepted(bank, "1")


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_rule_13_after_a_lost_commit_the_inbox_knows(
    database: Database, proxy: Proxy, moment: str
) -> None:
    """No event tells whether it happened, but the id does: it takes effect once."""
    far = replace(database, url=database.url.set(port=proxy.port))
    with open_bank(far) as store:
        make_notes(store.engine)
        breaks = [getattr(proxy, moment)]

        @accepting(store, "payments")
        def note(uow: UnitOfWork, text: str) -> None:
            uow.session.add(Note(text=text))
            uow.session.flush()
            if breaks:
                breaks.pop()()

        assert note("1", "paid")
        assert not note("1", "paid again")
        assert ["paid"] == notes_stored(store)
