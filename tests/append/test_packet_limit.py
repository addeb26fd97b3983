"""MariaDB's limit of one statement."""

import pytest

from sourcery import Stream, UnitOfWork
from sourcery.errors import EncodeError
from tests.databases import Database
from tests.domain import Remarked, events_stored, messages_stored, open_bank

REMARKS = Stream("remark", 1)


@pytest.mark.promise(47)
@pytest.mark.databases("mariadb")
def test_what_the_server_would_cut_off_is_refused(database: Database) -> None:
    """MariaDB ends the connection at a statement beyond max_allowed_packet; we say so first."""
    database.server.execute("set global max_allowed_packet = 1048576")
    try:
        with open_bank(database) as bank:
            for send in (
                lambda uow: uow.append(REMARKS, [Remarked("'" * 600_000)], expected=0),
                lambda uow: uow.publish("remarks", payload=b"x" * 600_000),
            ):
                with (
                    pytest.raises(EncodeError, match="max_allowed_packet"),
                    UnitOfWork(bank) as uow,
                ):
                    send(uow)
            assert (0, 0) == (events_stored(bank), messages_stored(bank))
    finally:
        database.server.execute("set global max_allowed_packet = 67108864")
