"""One subscriber in a process of its own, as an application runs it."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

from attrs import define, frozen
from sqlalchemy import event

from sourcery import EventStore
from sourcery.subscriber import Subscriber
from sourcery.worker import ErrorPolicy
from sourcery.worker.settings import Action
from tests.faults.life import begun
from tests.faults.model import Mirror, Model, Moved

#: Amounts that mean something to the handler.
FREEZE: Final = 1_000_003
POISON: Final = 1_000_033

Say = Callable[[str], None]
Variant = Literal["each", "batch", "manager"]
#: Where a process freezes: in its handler, before or after that wrote, or having written all; in
#: the transaction that renews, takes or wants a lease.
Moment = Literal["never", "before", "handler", "commit", "renew", "take", "want"]

#: What is in the statement of these moments.
_STATEMENTS: Final = {
    "renew": "SET lease_until",
    "take": "epoch=(sourcery_consumers.epoch",
    "want": "SET wanted_by",
}


@frozen(kw_only=True)
class Spec:
    """What a process is to run."""

    url: str
    consumer: str = "balances"
    variant: Variant = "each"
    lease: float = 0.5
    page: int = 50
    shards: int = 1
    #: Of the events it is given; none are all.
    categories: tuple[str, ...] = ()
    then: Action = "stop"
    retries: int = 50
    #: Whether the read model refuses a second row of an event.
    once: bool = True
    freeze: Moment = "never"
    #: Safeguards to switch off.
    sabotage: tuple[str, ...] = ()


def live(spec: Spec, say: Say) -> None:
    """Work until SIGTERM."""
    stop = begun(spec.sabotage)
    with EventStore(spec.url, aggregates=[Mirror], events=Moved) as store:
        if store.engine.dialect.name == "postgresql":
            event.listen(store.engine, "checkout", _tell_its_thread)
        _subscriber(spec, store, Life(spec, say, store)).run(stop)


def _tell_its_thread(driver: Any, record: Any, _proxy: Any) -> None:
    """Let the server know which thread has the connection: whom the tests cut off."""
    name = threading.current_thread().name
    if record.info.get("thread") != name:
        record.info["thread"] = name
        driver.execute(f"set application_name to '{name}'")
        driver.commit()


def _subscriber(spec: Spec, store: EventStore, life: "Life") -> Subscriber:
    options: dict[str, Any] = {
        "shards": spec.shards,
        "categories": spec.categories,
        "page": spec.page,
        "lease": spec.lease,
        "on_error": ErrorPolicy(spec.then, retries=spec.retries, wait=0.02, longest_wait=0.1),
    }
    if spec.variant == "batch":
        return Subscriber(store, spec.consumer, life.batch, events=Moved, batch=True, **options)
    return Subscriber(store, spec.consumer, life.each, events=Moved, **options)


@define
class Life:
    """The handlers of a model, which freeze or kill their process at certain events."""

    spec: Spec
    say: Say
    store: EventStore
    _handled: int = 0
    #: Whether the freezing event was handled, and whether the process froze, which it does once.
    _armed: bool = False
    _frozen: bool = False

    def __attrs_post_init__(self) -> None:
        if self.spec.freeze == "commit":
            event.listen(self.store.engine, "commit", self._at_commit)
        elif self.spec.freeze in _STATEMENTS:
            event.listen(self.store.engine, "after_cursor_execute", self._after_statement)

    def each(self, uow: Any, recorded: Any) -> None:
        """Handle one event."""
        model = Model(self.spec.consumer, self.spec.once)
        handle = model.manager if self.spec.variant == "manager" else model.each
        self._around([recorded.event.amount], partial(handle, uow, recorded))

    def batch(self, uow: Any, page: Any) -> None:
        """Handle a page."""
        handle = Model(self.spec.consumer, self.spec.once).batch
        self._around([recorded.event.amount for recorded in page], partial(handle, uow, page))

    def _around(self, amounts: list[int], handle: Callable[[], None]) -> None:
        before, self._handled = self._handled, self._handled + len(amounts)
        if before == 0:
            self.say("working")
        if before <= self.spec.page < self._handled:
            self.say("paging")  # the first page after a death is handled one by one
        if FREEZE in amounts:
            self._armed = True
            self._freeze_at("before")
        if POISON in amounts:
            self.say("poisoned")
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            handle()
        finally:
            if FREEZE in amounts:
                self._freeze_at("handler")
                self.say("handled")

    def _at_commit(self, connection: Any) -> None:
        if self._armed and threading.current_thread() is threading.main_thread():
            self._freeze_at("commit")

    def _after_statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        is_armed = self._armed or self.spec.freeze != "renew"
        if is_armed and _STATEMENTS[self.spec.freeze] in statement:
            self._freeze_at(self.spec.freeze)

    def _freeze_at(self, moment: Moment) -> None:
        """Stop this process, all its threads, until somebody continues it."""
        if self.spec.freeze == moment and not self._frozen:
            self._frozen = True
            self.say("freezing")
            # to this very thread, which would go on a little while another one takes the signal
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            self.say("thawed")
