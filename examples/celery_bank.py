"""The bank in Celery: a task is a unit of work, and a message of the outbox starts one.

celery --app examples.celery_bank worker
"""

import json
import os
from functools import cache
from typing import TypedDict

from celery import Celery, Task
from kombu.exceptions import OperationalError

from examples.bank import Account
from sourcery import EventStore, Relay, UnitOfWork, accepting, metadata
from sourcery.errors import BrokerUnavailable
from sourcery.messages import Message
from sourcery.publishers import CallablePublisher

app = Celery("bank", broker=os.environ.get("BANK_BROKER", "redis://localhost"))
# A worker that dies gives its task to another one: the inbox makes sure that it counts once.
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, task_ignore_result=True)

#: Metadata that goes along with a task.
_CARRIED = ("correlation_id", "actor", "traceparent")


class Payment(TypedDict):
    """What a task is given."""

    account: str
    cents: int


@cache
def store() -> EventStore:
    """Made in the process that works, when it is first asked for: a store does not cross a fork."""
    url = os.environ.get("BANK_DATABASE", "sqlite:///bank.db")
    return EventStore(url, aggregates=[Account])


@app.task(bind=True, name="bank.pay_in")
def pay_in(self: Task, payment: Payment, caused: dict[str, str] | None = None) -> bool:
    """Pay in, once for each task id, however often the broker delivers it. Whether it was new."""
    handle = accepting(store(), "bank.pay_in")(_pay_in)
    with metadata(causation_id=self.request.id, **caused or {}):
        return handle(self.request.id, payment)


def _pay_in(uow: UnitOfWork, payment: Payment) -> None:
    uow.get(Account, payment["account"]).deposit(payment["cents"])


def start_task(message: Message) -> None:
    """The task that the topic names; its id is the message's, so that the inbox knows a repeat."""
    caused = {name: message.headers[name] for name in _CARRIED if name in message.headers}
    given = {"payment": json.loads(message.payload), "caused": caused}
    try:
        app.send_task(message.topic, kwargs=given, task_id=str(message.message_id), retry=False)
    except OperationalError as error:
        raise BrokerUnavailable("the broker of Celery", type(error).__name__) from error


def relay() -> Relay:
    """Starts tasks from the outbox; in a process of its own: `relay().run(stop)`."""
    return Relay(store(), CallablePublisher(start_task), topics=["bank.pay_in"])
