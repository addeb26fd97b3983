"""The notifier and the listener that all stores on one connection pool share.

A process with many tenants, each a store on a schema of its own, needs no more connections
than one with one.
"""

from __future__ import annotations

from threading import RLock
from typing import Final

from attrs import define
from sqlalchemy import Engine, Pool

from sourcery.dialects.notices import Notices
from sourcery.wakeups.background import connector
from sourcery.wakeups.listener import Listener
from sourcery.wakeups.notifier import Notifier


@define(eq=False)
class Post:
    """Both ways for one pool; neither connects before it is needed."""

    pool: Pool
    notifier: Notifier
    listener: Listener
    users: int = 0

    def leave(self, patience: float) -> None:
        """One store less; the last one ends both, waiting at most `patience` for each."""
        with _lock:
            self.users -= 1
            if self.users:
                return
            del _posts[self.pool]
        for thread in (self.notifier, self.listener):
            thread.close()
        for thread in (self.notifier, self.listener):
            thread.join(patience)


_posts: Final[dict[Pool, Post]] = {}
_lock: Final = RLock()


def post_for(engine: Engine, notices: type[Notices]) -> Post:
    """The one of the engine's pool, until `leave`."""
    pool = engine.pool
    with _lock:
        post = _posts.get(pool)
        if post is None:
            connect = connector(engine, notices)
            post = _posts[pool] = Post(pool, Notifier(connect), Listener(connect))
        post.users += 1
    return post
