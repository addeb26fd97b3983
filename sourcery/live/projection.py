"""A projection kept current in memory, and how to wait for it."""

from __future__ import annotations

from functools import partial
from threading import Lock, Thread, current_thread
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from attrs import field, frozen

from sourcery.context import in_handler
from sourcery.copying import check_copies
from sourcery.errors import ProjectionNotRunning, UseTheHandlersSession
from sourcery.folding import begin_fold
from sourcery.identity import check_token
from sourcery.live.board import Board, Status, Updates
from sourcery.live.loop import Loop
from sourcery.log import PAGE
from sourcery.projecting import begin
from sourcery.projection import Projection, projection_type
from sourcery.store import EventStore, check_store
from sourcery.stream import StreamId
from sourcery.token import Token
from sourcery.waiting import INTERVAL, LONGEST, Waiting
from sourcery.worker.settings import at_least, check_timeout, page_size, positive

P = TypeVar("P", bound=Projection[Any])

#: Events kept for one slow reader.
KEPT: Final = 10_000
#: Seconds that `stop` waits for the thread, which may be asking the database.
_END: Final = 5.0


@frozen(kw_only=True)
class _Settings:
    updates_kept: int = field(default=KEPT, validator=at_least(1))
    page: int = field(default=PAGE, validator=page_size)
    interval: float = field(default=INTERVAL, validator=positive)
    longest_interval: float = field(default=LONGEST, validator=positive)


class LiveProjection(Generic[P]):
    """Follows the log in a thread of its own, from its snapshot or the origin on.

    Use it in a `with` statement, or call `start` and `stop`; once. A lost connection or a
    restarted server is waited for: meanwhile `current()` is the last state that was folded,
    `status` is `retrying`, and waiting for a token times out, chained to the cause. When
    `apply` raises, an event cannot be decoded, or the history that was folded is no longer in
    the database, it has failed for good: every method that gives a state raises
    `ProjectionFailed` from then on, so that nobody is served an old state unawares.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        store: EventStore,
        projection: type[P],
        id: StreamId = "",
        *,
        timeout: float | None = None,
        updates_kept: int = KEPT,
        page: int = PAGE,
        interval: float = INTERVAL,
        longest_interval: float = LONGEST,
    ) -> None:
        """Nothing connects before `start`, which takes at most `timeout` seconds to catch up.

        `id` names the instance, if the projection has instances. `updates_kept` is how many
        events wait for one slow reader of `updates()`; make it several pages. Without a
        wake-up the log is looked at each `interval` seconds, less often while nothing comes.
        Raises `DefinitionError` for a class that is none of these, `InvalidArgument` for an
        id that is missing or too much.
        """
        self._settings = _Settings(
            updates_kept=updates_kept,
            page=page,
            interval=interval,
            longest_interval=longest_interval,
        )
        check_timeout(timeout)
        check_store(store)
        self._store = store
        self._timeout = timeout
        empty = begin(projection, id)
        check_copies(empty)
        self._projection = projection
        self._id = empty.id
        self._declared = projection_type(projection)
        self._decoder = store.decoder(self._declared.classes)
        self._board: Board[P] = Board(self._declared.name)
        self._starting = Lock()
        self._waiting: Waiting | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin, and return once everything that was settled at the call is folded in.

        Raises what keeps the store from being opened, `ProjectionFailed`, and `WaitTimeout`
        with the progress when catching up took too long; then it is stopped.
        """
        with self._starting:
            if self._thread is None:
                self._begin()
        try:
            self._board.wait(0, self._timeout, self._wake)
        except BaseException:
            self.stop()
            raise

    def _begin(self) -> None:
        if self._board.ending is not None:
            raise self._board.ending()
        database, settings = self._store.database, self._settings
        database.start()
        self._waiting = database.waiting(
            interval=settings.interval, longest=settings.longest_interval
        )
        start = partial(
            begin_fold,
            database,
            self._store.keeper,
            self._decoder,
            self._projection,
            self._id,
            size=settings.page,
        )
        loop = Loop(start, self._board, self._waiting)
        name = f"sourcery-live-{self._declared.name}"
        thread = Thread(target=loop.run, name=name, daemon=True)
        self._board.begin()
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """End the thread, waking it at once, and everybody who waits. May be called again."""
        problem = "was stopped: make a new one"
        self._board.end("stopped", lambda: ProjectionNotRunning(self._board.name, problem))
        if self._waiting is not None:
            self._waiting.stop()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join(_END)

    @property
    def status(self) -> Status:
        """What it is doing: catching_up, live, retrying; or stopped, or faulted."""
        return self._board.status

    @property
    def position(self) -> int:
        """Everything at or below this position is folded in."""
        return self._board.position

    def current(self) -> P:
        """The state now. It never changes: the next event makes another one.

        Do not change it yourself; others hold it as well. Raises `ProjectionFailed` or
        `ProjectionNotRunning` instead of giving a state that goes on no more.
        """
        with self._board.changed:
            return self._board.current()

    def updates(self, *, timeout: float | None = None) -> Updates[P]:
        """The state now, and the events folded into it from now on: none lost, none doubled.

        Raises as `current` does. Close it, or use it in a `with` statement.
        """
        check_timeout(timeout)
        return self._board.follow(self._settings.updates_kept, timeout)

    def wait_for(self, token: Token, timeout: float = 5.0) -> None:
        """Wait until a commit is folded in, or was passed because it does not concern us.

        Raises `WaitTimeout` with the progress, `ProjectionFailed` as soon as it fails,
        `TokenRefused` for a token of another store or of before a repair, and
        `UseTheHandlersSession` inside a handler, which would wait for itself.
        """
        self.read_after(token, timeout)

    def read_after(self, token: Token, timeout: float = 5.0) -> P:
        """The state with a commit folded in: read your own write. Raises as `wait_for`."""
        if in_handler():
            raise UseTheHandlersSession("waiting for a token")
        check_timeout(timeout)
        check_token(self._store.database.identity, token)
        return self._board.wait(token.last, timeout, self._wake)

    def _wake(self) -> None:
        """Look at the log now: somebody waits."""
        if self._waiting is not None:
            self._waiting.wake()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
