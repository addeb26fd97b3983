"""The handle of one consumer: to see it and to steer it from any process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen
from typing_extensions import TypeForm

from sourcery.consumers import ConsumerRow, Letter, Request, check_shards, letters_of, requests
from sourcery.consumers.filters import EventFilter, query_of
from sourcery.consumers.letters import head_of_key, letter_at
from sourcery.control import reshaping
from sourcery.control.asking import Choose, ask_shards, every_shard
from sourcery.control.awaiting import wait_for
from sourcery.control.foreseeing import Foreseen, foresee
from sourcery.control.health import STALLED_AFTER, ConsumerHealth, health_of
from sourcery.control.looking import check_seconds, refuse_in_handler, rows_now
from sourcery.errors import InvalidArgument, RequestRefused
from sourcery.events import event_classes, event_type
from sourcery.selection import check_categories, check_start
from sourcery.start import Start
from sourcery.starting import beyond_log, find_start, resolve_start
from sourcery.store import EventStore, check_store
from sourcery.stream import CONSUMER_LENGTH, Stream, check_name
from sourcery.token import Token

#: Characters of a reason.
_REASON_LENGTH: Final = 1000


def _name(value: str) -> str:
    return check_name("consumer", value, CONSUMER_LENGTH)


def _is_store(consumer: Consumer, attribute: Any, store: EventStore) -> None:
    check_store(store)


@frozen
class Consumer:
    """A consumer of a store by its name, from any process, whether it runs or not.

    What steers is written as a request, which the worker that runs a shard obeys at its next
    page; the call returns when all have, and obeys in the place of workers that are not there.

    All raise `ConsumerNotFound` for a name that never ran here, and what steers or waits
    `UseTheHandlersSession` inside a handler. What is asked for raises `RequestRefused` when
    it cannot be done, and `RequestUnanswered` after `timeout` seconds: it stays asked for.
    """

    store: EventStore = field(validator=_is_store)
    name: str = field(converter=_name)

    # -- to see it ---------------------------------------------------------------------

    def health(self, *, stalled_after: float = STALLED_AFTER) -> ConsumerHealth:
        """How it is, by what the database knows.

        A shard is stalled when the loop of its worker has not turned for so many seconds.
        """
        rows = rows_now(self.store.database, self.name)
        [health] = health_of(self.store, rows, stalled_after)
        return health

    def letters(self) -> list[Letter]:
        """Its dead letters, in order of position: also those dropped and skipped."""
        rows_now(self.store.database, self.name)
        with self.store.database.reading() as connection:
            return letters_of(connection, self.name)

    def wait_for(self, token: Token, timeout: float = 5.0) -> None:
        """Return when it has handled, or passed over, all that a token names.

        Raises `ConsumerFailed` when it stands still before that or gave one of the events up,
        `WaitTimeout` after `timeout` seconds, `TokenRefused` for a token of another store or of a
        commit that is gone.
        """
        refuse_in_handler("waiting for a token")
        wait_for(self.store, self.name, token, check_seconds(timeout))

    def foresee(self, to: Start) -> Foreseen:
        """What a rewind or a skip to a place would do; changes nothing, and counts every row."""
        return foresee(self.store, self.name, to)

    # -- to steer it -------------------------------------------------------------------

    def pause(self, timeout: float = 5.0) -> None:
        """Handle nothing more until it is resumed. On return the page in hand is finished."""
        self._ask(Request(what=requests.PAUSE), timeout)

    def resume(self, timeout: float = 5.0) -> None:
        """Go on after a pause or a fault, with new attempts at the event that failed."""
        self._ask(Request(what=requests.RESUME), timeout)

    def rewind(self, to: int | datetime, timeout: float = 5.0) -> int:
        """Handle again all events after a position, or recorded at or after an aware time.

        The position it went to. Shards before that stay where they are; beyond the log it is
        refused. Letters after it are deleted, since their events come again. Ends a fault,
        not a pause. Undo what the handler did with these events first.
        """
        target = self._resolved("rewind", to)
        if problem := beyond_log(self.store.database, target):
            raise RequestRefused(self.name, requests.REWIND, problem)
        self._ask(Request(what=requests.REWIND, position=target), timeout)
        return target

    def skip(self, to: Start, timeout: float = 5.0) -> int:
        """Pass over all events up to a position; the number of those it would have handled.

        Refused when it is there or further already, and beyond the settled position. Ends a
        fault, not a pause.
        """
        target = self._resolved("skip", to)

        def before(rows: list[ConsumerRow]) -> list[int]:
            chosen = [row.shard for row in rows if row.position < target]
            if not chosen:
                problem = f"it is not before position {target}: rewind() goes back"
                raise RequestRefused(self.name, requests.SKIP, problem)
            return chosen

        return self._ask(Request(what=requests.SKIP, position=target), timeout, before)

    def retry(
        self,
        position: int | None = None,
        key: Stream | str | None = None,
        timeout: float = 5.0,
    ) -> int:
        """Have letters handled again: one, those of one key, or all; how many keys begin.

        Events of one key keep their order: the first letter is handled, then the next, until
        one fails again. Only the first letter of a key can be named by its position. A key is
        a stream, or as `Letter.key` has it.
        """
        if position is not None and key is not None:
            raise InvalidArgument("key", "names what the position names: say one of them")
        text = key.path if isinstance(key, Stream) else key
        request = Request(what=requests.RETRY, position=position, key=text)
        every = position is None and key is None
        return self._ask(request, timeout, every_shard if every else self._shard_of(request))

    def drop(self, position: int, reason: str, timeout: float = 5.0) -> None:
        """Give a letter up for good. It is kept with the reason, and the next of its key tried."""
        why = check_name("reason", reason, _REASON_LENGTH)
        request = Request(what=requests.DROP, position=position, reason=why)
        self._ask(request, timeout, self._shard_of(request))

    # -- to change it ------------------------------------------------------------------

    def reshard(self, shards: int, timeout: float = 30.0) -> None:
        """Divide it into another number of shards.

        All shards are held at one position first. Workers that run on bring it there; without
        any, and with shards at different positions, it is refused. Then start the program
        that says the new number: workers of the old one end with `ConsumerMismatch`. Raises
        `WaitTimeout` when the shards do not come together in time; they go on as they were.
        """
        refuse_in_handler("changing the shards of a consumer")
        seconds = check_seconds(timeout)
        reshaping.reshard(self.store, self.name, check_shards(shards), seconds)

    def change_filter(
        self, events: TypeForm[Any], categories: Iterable[str] = (), *, rewind_to: Start | None
    ) -> None:
        """Let it read other events from now on.

        What was passed over is not handled unless it is rewound: `rewind_to` is a place as in
        `rewind`, or None to keep its position. Then start the program that says the new
        filter: workers of the old one end with `ConsumerMismatch`.
        """
        refuse_in_handler("changing the filter of a consumer")
        kinds = [event_type(cls).kind for cls in event_classes(events)]
        filter = EventFilter(kinds=kinds, categories=check_categories(None, categories))
        target = None
        if rewind_to is not None:
            target = resolve_start(self.store.database, rewind_to, "rewind_to")
        reshaping.change_filter(self.store, self.name, filter.to_json(), target)

    def forget(self) -> None:
        """Delete its checkpoint and letters. Refused while a worker runs it."""
        refuse_in_handler("forgetting a consumer")
        reshaping.forget(self.store, self.name)

    # -- how ---------------------------------------------------------------------------

    def _ask(self, request: Request, timeout: float, choose: Choose = every_shard) -> int:
        refuse_in_handler(f"{request.what} of a consumer")
        seconds = check_seconds(timeout)
        return ask_shards(self.store, self.name, request, timeout=seconds, choose=choose)

    def _resolved(self, what: str, place: Start) -> int:
        refuse_in_handler(f"{what} of a consumer")
        row = rows_now(self.store.database, self.name)[0]
        return find_start(self.store.database, place, "to", query_of(row))

    def _shard_of(self, request: Request) -> Choose:
        """The shard of the letter that a request is about."""
        rows_now(self.store.database, self.name)
        bucket = self._letter(request).bucket
        return lambda rows: [bucket % len(rows)]

    def _letter(self, request: Request) -> Letter:
        position, key = request.position, request.key
        with self.store.database.reading() as connection:
            if position is not None:
                found = letter_at(connection, self.name, _checked(position))
            else:
                found = head_of_key(connection, self.name, key or "")
        if found is None:
            which = f"at position {position}"
            if key is not None:
                which = f"of key {key!a} (as Letter.key has it: category/id, or topic/key)"
            raise RequestRefused(self.name, request.what, f"there is no letter {which}")
        return found


def _checked(position: object) -> int:
    """A position, which unlike a start is a number and nothing else."""
    if not isinstance(position, int):
        problem = f"must be a position, not {type(position).__name__}"
        raise InvalidArgument("position", problem)
    check_start(position, "position")
    return position
