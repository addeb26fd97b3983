"""Errors about the database, its schema and its server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define
from sqlalchemy import exc

from sourcery.errors.base import ConfigurationError, Retryable, SourceryError


@define
class UnknownDatabase(ConfigurationError):
    """No dialect of ours knows this database."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        return (
            f"sourcery has no dialect for {self.name!r} (it has {', '.join(self.known)}); "
            f"register one through the entry-point group 'sourcery.dialects'"
        )


@define
class ExtraMissing(ConfigurationError, ImportError):
    """A library that an optional part stands on is not installed."""

    part: str
    extra: str

    def __str__(self) -> str:
        return (
            f"{self.part} needs a library that is not installed: "
            f"pip install 'sourcery-events[{self.extra}]'"
        )


@define
class WrongDatabase(ConfigurationError):
    """A session or connection does not lead to the store's own database."""

    problem: str

    def __str__(self) -> str:
        return f"{self.problem}: join a session or connection of the store's own database"


@define
class AutocommitRefused(ConfigurationError):
    """A connection in autocommit mode cannot keep a unit of work together."""

    problem: str

    def __str__(self) -> str:
        return f"{self.problem}: join a session or connection without isolation AUTOCOMMIT"


@define
class DatabaseUnavailable(SourceryError, exc.OperationalError):
    """The database cannot be reached at the store's first use, or by an upgrade.

    Also SQLAlchemy's own error, which is what it is to lose a connection later.
    """

    #: Without its password.
    database: str
    #: What the driver said.
    cause: str
    #: What to do.
    remedy: str = "mend its address or the way to it, or start it"

    def __attrs_post_init__(self) -> None:
        exc.OperationalError.__init__(self, None, None, Exception(self.cause))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.database, self.cause, self.remedy)

    def __str__(self) -> str:
        return f"{self.database} cannot be reached ({self.cause}): {self.remedy}"


@define
class LoginRefused(DatabaseUnavailable, ConfigurationError):
    """The database server is there, and refuses the login. Trying again is of no use."""

    remedy: str = (
        "mend the user, the password or the name of the database, or grant the user the right to "
        "connect to it"
    )

    def __str__(self) -> str:
        return f"{self.database} refuses the login ({self.cause}): {self.remedy}"


@define
class SchemaMissing(ConfigurationError):
    """The database has no tables of ours."""

    database: str

    def __str__(self) -> str:
        return f"{self.database} has no sourcery tables: run store.upgrade() or alembic upgrade"


@define
class SchemaBehind(ConfigurationError):
    """The database's schema is older than this code."""

    found: int
    needed: int

    def __str__(self) -> str:
        return (
            f"the schema is at revision {self.found}, this code needs {self.needed}: "
            f"run store.upgrade() or alembic upgrade"
        )


@define
class SchemaAhead(ConfigurationError):
    """The database's schema no longer supports code as old as this."""

    minimum: int
    known: int

    def __str__(self) -> str:
        return (
            f"the schema needs code of revision {self.minimum} or later, this code knows "
            f"{self.known}: install a newer sourcery-events"
        )


@define
class PrivilegeMissing(ConfigurationError):
    """The database user may not do with a table of ours what this part of the program does.

    Nothing was written. docs/how-to/secure-the-database.md has what each part needs.
    """

    #: "INSERT"; several with "or" where the database does not say which of them it is.
    privilege: str
    table: str

    def __str__(self) -> str:
        return (
            f"the database user lacks {self.privilege} on {self.table}: grant what this part of "
            f"the program needs, or connect as another user"
        )


@define
class UpgradeBlocked(Retryable):
    """Other transactions held the locks of an upgrade for too long. Nothing was changed."""

    seconds: float

    def __str__(self) -> str:
        return (
            f"others held the locks of the upgrade for {self.seconds:g} seconds: "
            f"end long transactions on the sourcery tables and upgrade again"
        )


@define
class DatabaseMisconfigured(ConfigurationError):
    """Tables, collations or the position sequence were changed so that ordering breaks."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


@define
class StoreClosed(SourceryError):
    """A store was used after its `close()`, or while it was running something."""

    database: str

    def __str__(self) -> str:
        return (
            f"the store on {self.database} was closed: use it before that, or make another "
            f"EventStore"
        )


@define
class WrongEnvironment(ConfigurationError):
    """The database belongs to another environment than the store was told."""

    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"the database belongs to environment {self.found!r}, expected {self.expected!r}: "
            f"connect to another database, or give the store its environment"
        )


@define
class StoreCloned(ConfigurationError):
    """The database is a copy of the one that was set up: in another place, or under another name.

    Relays and effect handlers would repeat there what the original does already. Call
    `store.adopt()` if it shall live beside the original, `store.adopt(moved=True)` if it
    took the original's place.
    """

    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"this is {self.found}, and the store was set up in {self.expected}: a copy sends "
            f"nothing until store.adopt() says that it is a store of its own, or "
            f"store.adopt(moved=True) that the original has moved here"
        )


@define
class StoreRewound(SourceryError):
    """Positions were lost or handed out twice: a restore, a crash or a hand-made change.

    Stop all writers, make sure the data is the data you want, then call `store.repair()`.
    """

    problem: str

    def __str__(self) -> str:
        return f"{self.problem}: stop the writers, check the data, then call store.repair()"


@define
class StandbyRefused(ConfigurationError):
    """The connection leads to a standby, where the settled position is not known."""

    database: str

    def __str__(self) -> str:
        return f"{self.database} is a standby in recovery: connect to the primary"
