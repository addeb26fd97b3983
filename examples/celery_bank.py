"""The bank in Celery: a task is a unit of work, and the outbox starts tasks.

celery --app examples.celery_bank worker
"""

import os
from functools import cache
from typing import Any, TypedDict

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
    """Pay in, once for each task id, however often the broker delivers it."""
    with metadata(**caused or {}):
        return handle(self.request.id, payment)


def handle(task_id: str, payment: Payment) -> bool:
    """Whether it was new."""
    return accepting(store(), "bank.pay_in")(_pay_in)(task_id, payment)


def _pay_in(uow: UnitOfWork, payment: Payment) -> None:
    account = uow.get_or_create(Account, payment["account"])
    account.deposit(payment["cents"])
    uow.publish("bank.thank", key=payment["account"], payload={"account": payment["account"]})


def start_task(message: Message) -> None:
    """A message of the outbox becomes the task that its topic names; its id is the task's."""
    headers = message.headers
    caused = {name: headers[name] for name in ("correlation_id", "traceparent") if name in headers}
    payload: Any = message.payload.decode()
    try:
        app.send_task(
            message.topic,
            kwargs={"payment": app.backend_decode(payload), "caused": caused},
            task_id=str(message.message_id),
            retry=False,
        )
    except OperationalError as error:
        raise BrokerUnavailable("the broker of Celery", type(error).__name__) from error


def relay() -> Relay:
    """Starts tasks from the outbox; in a process of its own: `relay().run(stop)`."""
    return Relay(store(), CallablePublisher(start_task), topics=["bank.pay_in"])
