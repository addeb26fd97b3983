"""Where a process can be killed: points that exist only in processes of these tests.

They are hung on the seams that anybody has: SQLAlchemy's events, the driver's COMMIT, the handler,
the publisher. The library knows nothing of them.
"""

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from attrs import define, field
from sqlalchemy import Engine, event

from sourcery.messages import Message, Publisher, Result

Moment = Literal["before", "sent", "after"]
Say = Callable[[str], None]

#: What is in the statement of a step.
_STATEMENTS: Final = {
    "insert events": r"INSERT INTO sourcery_events",
    "insert outbox": r"INSERT INTO sourcery_outbox",
    "inline rows": r"INSERT INTO fault_applied",
    "accept": r"INSERT .*INTO sourcery_inbox",
    "checkpoint": r"UPDATE sourcery_consumers SET `?position",
    "park": r"INSERT INTO sourcery_dead_letters",
    "snapshot": r"INSERT .*INTO sourcery_snapshots|UPDATE sourcery_snapshots",
    "switch": r"INSERT INTO sourcery_read_models|UPDATE sourcery_read_models",
    "attempt": r"UPDATE sourcery_consumers SET `?status.*attempts",
    "retry": r"DELETE FROM sourcery_dead_letters",
}
_PATTERNS: Final = {
    step: re.compile(text, re.DOTALL | re.IGNORECASE) for step, text in _STATEMENTS.items()
}
#: Parts of which each commit is a step, under their names: what is read between two of them is
#: a page of a version that is built, a batch that is imported, a chunk that is deleted.
COMMITTING: Final = ("build", "import", "purge", "request")
#: The rest of the steps; a relay's checkpoint is its acknowledgement.
STEPS: Final = (*_STATEMENTS, "commit", "handler", "send", "acknowledge", *COMMITTING)
_READING: Final = re.compile(r"\s*(select|pragma|show)\b", re.IGNORECASE)
#: On a connection that has something to commit.
_DIRTY: Final = "kills_dirty"


@define(eq=False)
class Points:
    """Counts what the process passes, and ends it at one of them."""

    say: Say
    #: Step, moment and which time in the life of the process; none is never.
    deadly: tuple[str, Moment, int] | None = None
    #: The part that is being done, if it has steps of its own.
    part: str = ""
    passed: Counter[tuple[str, Moment]] = field(factory=Counter)

    def install(self, engine: Engine) -> None:
        """Watch all connections of the engine."""
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(engine, "rollback", self._rolled_back)
        engine.dialect.do_commit = self._committing(engine)  # type: ignore[method-assign]

    @contextmanager
    def during(self, part: str) -> Generator[None]:
        """Pass the points of a part."""
        self.part = part
        yield
        self.part = ""

    def handler(self, handle: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """The handler between its points."""

        def handled(uow: Any, recorded: Any) -> None:
            self.at("handler", "before")
            handle(uow, recorded)
            self.at("handler", "after")

        return handled

    def at(self, step: str, moment: Moment) -> None:
        """The process is there; perhaps it ends."""
        self.reach(step, moment, lambda: None)

    def reach(self, step: str, moment: Moment, last_act: Callable[[], None]) -> None:
        """The same; what it does last."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.passed[step, moment] += 1
        if self.deadly == (step, moment, self.passed[step, moment]):
            self.say("killed")
            last_act()
            os.kill(os.getpid(), signal.SIGKILL)

    def report(self) -> None:
        """Say how often each was passed."""
        for (step, moment), times in self.passed.items():
            for _ in range(times):
                self.say(f"{step} {moment}")

    def _steps(self, statement: str) -> list[str]:
        found = [step for step, pattern in _PATTERNS.items() if pattern.search(statement)]
        relays = self.part == "send"
        return ["acknowledge" if s == "checkpoint" and relays else s for s in found]

    def _before(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for step in self._steps(statement):
            self.at(step, "before")

    def _after(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for step in self._steps(statement):
            connection.info[_DIRTY] = True
            self.at(step, "after")
        if self.part in COMMITTING and not _READING.match(statement):
            connection.info[_DIRTY] = True

    @staticmethod
    def _rolled_back(connection: Any) -> None:
        if not connection.invalidated:  # else there is nothing left of it
            connection.info.pop(_DIRTY, None)

    def _committing(self, engine: Engine) -> Callable[[Any], None]:
        commit = engine.dialect.do_commit

        def committed(connection: Any) -> None:
            is_dirty = connection.info.pop(_DIRTY, False)
            step = self.part if self.part in COMMITTING else "commit"
            if is_dirty:
                self.at(step, "before")
                if (send := _SENDERS.get(engine.dialect.driver)) is not None:
                    self.reach(step, "sent", lambda: send(connection.driver_connection))
            commit(connection)
            if is_dirty:
                self.at(step, "after")

        return committed


def _send_by_psycopg(connection: Any) -> None:
    connection.pgconn.send_query(b"COMMIT")
    while connection.pgconn.flush():
        pass


def _send_by_pymysql(connection: Any) -> None:
    connection._execute_command(3, "COMMIT")  # COM_QUERY


#: How a driver sends COMMIT without waiting for the answer. SQLite does not send it anywhere.
_SENDERS: Final[dict[str, Callable[[Any], None]]] = {
    "psycopg": _send_by_psycopg,
    "pymysql": _send_by_pymysql,
}


class Sending(Publisher):
    """A publisher between points of its own: one message after the other."""

    def __init__(self, inner: Publisher, points: Points) -> None:
        self.timeout = inner.timeout
        self._inner = inner
        self._points = points

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """One by one, so that an end in between leaves some of them."""
        return [self._send(message) for message in batch]

    def _send(self, message: Message) -> Result:
        self._points.at("send", "before")
        [result] = self._inner.publish([message])
        self._points.at("send", "after")
        return result
