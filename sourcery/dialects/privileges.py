"""Whether a login was refused, and which privilege a statement lacked, by the database's error."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import DBAPIError

from sourcery.errors import PrivilegeMissing
from sourcery.schema import PREFIX

#: PostgreSQL's insufficient_privilege.
_DENIED: Final = "42501"
#: Of a table, of a column. Databases and routines are told by others.
_COMMAND_DENIED: Final = (1142, 1143)

_OURS: Final = re.compile(rf"\b{PREFIX}\w+")
_COMMAND: Final = re.compile(r"\b([A-Z][A-Z, ]*) command denied")
#: In a statement of several parts, how it uses a table that it does not only read.
_WRITES: Final = (("INSERT", "insert into"), ("UPDATE", "update"), ("DELETE", "delete from"))
#: PostgreSQL's invalid_authorization_specification, all of its class, and invalid_catalog_name.
_REFUSED: Final = ("28", "3D000")
#: Of connecting psycopg has no code, only the server's text. In another language it is unknown.
_REFUSED_IN_WORDS: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|is not permitted to log in"
    r"|permission denied for database|(?:role|database) \".*\" does not exist"
)
#: Database, user and password, unknown database, user whose way of proving itself is another.
_LOGIN_DENIED: Final = (1044, 1045, 1049, 1698)


def refused_by_postgresql(error: DBAPIError) -> bool:
    """Whether the server will not let this user into this database, however often it is asked."""
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return str(code).startswith(_REFUSED)
    return _REFUSED_IN_WORDS.search(str(error.orig)) is not None


def refused_by_mysql(error: DBAPIError) -> bool:
    """The same."""
    code, *_ = getattr(error.orig, "args", None) or (None,)
    return code in _LOGIN_DENIED


def told_by_postgresql(error: DBAPIError) -> PrivilegeMissing | None:
    """It names what was refused, in whatever language, but not which use of it."""
    if getattr(error.orig, "sqlstate", None) != _DENIED:
        return None
    diagnosis = getattr(error.orig, "diag", None)
    if found := _OURS.search(getattr(diagnosis, "message_primary", None) or ""):
        return PrivilegeMissing(_used(found[0], error.statement or ""), found[0])
    return None


def _used(name: str, statement: str) -> str:
    """What the statement does with a table or sequence."""
    if name.endswith("_seq"):
        return "USAGE or SELECT"
    text = " ".join(statement.lower().replace('"', "").split())
    if text.startswith(("alter", "create", "drop")):
        return "ownership"
    if " for update" in text:  # locking takes the right to change, too
        return "SELECT or UPDATE"
    written = [
        privilege
        for privilege, words in _WRITES
        if re.search(rf"\b{words} (?:[\w$]+\.)?{name}\b", text)
    ]
    return " or ".join(["SELECT", *written])


def told_by_mysql(error: DBAPIError) -> PrivilegeMissing | None:
    """It names the command and the table."""
    code, *words = getattr(error.orig, "args", None) or (None,)
    if code not in _COMMAND_DENIED:
        return None
    text = str(words)
    command, found = _COMMAND.search(text), _OURS.findall(text)
    if command is None or not found:
        return None
    # last: the database, and the user, may be called like a table of ours
    return PrivilegeMissing(command[1], found[-1])
