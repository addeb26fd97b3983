"""A session of a database without our tables cannot carry a unit of work."""

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork
from sourcery.errors import WrongDatabase
from tests.databases import Server
from tests.domain import Base, Note


@pytest.mark.promise(12)
def test_a_session_of_an_empty_database_is_refused(bank: EventStore, server: Server) -> None:
    """It has no tables of ours; the refusal leaves its transaction usable."""
    url = server.create_database()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Note(text="before"))
        session.flush()
        with pytest.raises(WrongDatabase), UnitOfWork(bank, session=session):
            pytest.fail("entered")
        session.commit()
        assert 1 == session.query(Note).count()
    engine.dispose()
    server.drop_database(url)
