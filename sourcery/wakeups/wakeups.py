"""The wake-ups of one store object."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine

from sourcery.dialects import Dialect
from sourcery.waiting import Signal, Waiting, signal_for
from sourcery.wakeups.joined import JoinedCommits
from sourcery.wakeups.post import Post, post_for
from sourcery.wakeups.sender import this_process

#: Seconds that `close` waits for a last notice to go out.
PATIENCE: Final = 1.0

_open: Final[WeakSet[Wakeups]] = WeakSet()


class Wakeups:
    """Wakes who waits for the store, here and in other processes.

    Without `notify` only those in this process, only after units of work that commit
    themselves, and without any connection.
    """

    def __init__(self, engine: Engine, dialect: Dialect, store_id: str, *, notify: bool) -> None:
        self.signal: Signal = signal_for(store_id)
        self._channel = f"sourcery_{store_id.replace('-', '')}"
        self._joined = JoinedCommits()
        self._notify = notify
        self._post: Post | None = None
        if notify and dialect.notices:
            self._post = post_for(engine, dialect.notices)
        _open.add(self)

    def committed(self) -> None:
        """Something is visible now that was not before."""
        self.signal.send()
        post = self._post
        if post is not None:
            post.notifier.request(self._channel, this_process())

    def committing(self, connection: Connection, call: Callable[[], object] | None = None) -> None:
        """Something was written in the connection's transaction, which somebody else commits.

        After that commit who waits is woken, or `call` is made, in a thread.
        """
        if call is not None or self._notify:
            self._joined.mark(connection, call or self.committed)

    def waiting(self, stop: Event | None, *, interval: float, longest: float) -> Waiting:
        """Sleeps between two looks; while it does, other processes are listened to."""
        waiting = Waiting(self.signal, stop, interval=interval, longest=longest)
        post = self._post
        if post is not None:
            waiting.when_resting(partial(post.listener.hold, self._channel, self.signal))
        return waiting

    def close(self, patience: float = PATIENCE) -> None:
        """End the threads, after a last notice if one is due. May be called again."""
        self._joined.close(patience)
        post, self._post = self._post, None
        if post is not None:
            post.leave(patience)


def _close_all() -> None:
    """At the end of the interpreter: a script's last commit is worth a notice too."""
    for wakeups in list(_open):
        wakeups.close()


atexit.register(_close_all)
