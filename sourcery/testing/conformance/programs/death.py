"""The moment at which a program kills itself."""

import os
import signal
import threading
from typing import Any

from attrs import define
from sqlalchemy import Engine


@define
class Death:
    """SIGKILL at the so manieth time that a moment comes: nothing can be tidied up."""

    #: "begun" and "done": before and after a handler wrote, or a batch was sent. "commit" and
    #: "committed": before COMMIT is sent to the database, and after its answer.
    moment: str
    #: From 1.
    time: int
    #: Whether work is in hand: other transactions are those of leases.
    _armed: bool = False

    def at(self, moment: str) -> None:
        """Die, if it is so far."""
        self._armed = True
        if moment == self.moment:
            self.time -= 1
            if self.time == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch_commits(self, engine: Engine) -> None:
        """Look at every COMMIT of this thread that ends some work."""
        commit = engine.dialect.do_commit

        def watched(connection: Any) -> None:
            ends_work = self._armed and threading.current_thread() is threading.main_thread()
            if ends_work:
                self.at("commit")
            commit(connection)
            if ends_work:
                self.at("committed")

        setattr(engine.dialect, "do_commit", watched)  # noqa: B010 - a method of theirs
