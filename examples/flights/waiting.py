"""Waiting until the consumer in another process has done all there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Final

from sourcery import Consumer, EventStore, Letter, Token
from sourcery.errors import ConsumerFailed, ConsumerNotFound, WaitTimeout

#: Seconds to wait between two looks at the process.
STEP: Final = 0.25
#: Seconds that a consumer may try again what fails, say to reach its broker.
PATIENCE: Final = 30.0

AGAIN: Final = "Run this again: it goes on."


def wait_for(
    store: EventStore,
    token: Token,
    process: BaseProcess,
    meanwhile: Callable[[], None],
    patience: float = PATIENCE,
) -> str | None:
    """Wait until it has done all that the token names; gives what kept it from that."""
    consumer, deadline = Consumer(store, process.name), time.monotonic() + patience
    try:
        while not has_reached(consumer, token, process):
            meanwhile()
            if not process.is_alive():
                return f"The process of {process.name} has ended. {AGAIN}"
            error = what_fails(consumer)
            if error is None:
                deadline = time.monotonic() + patience
            elif time.monotonic() > deadline:
                return f"{process.name} tries in vain: {error}. {AGAIN}"
    except ConsumerFailed as failure:
        return str(failure)
    return None


def has_reached(consumer: Consumer, token: Token, process: BaseProcess) -> bool:
    """Whether it has done all that the token names. Waits a moment, so call it again.

    Raises `ConsumerFailed` when it cannot go on; what it tries again is only waited for.
    """
    try:
        consumer.wait_for(token, timeout=STEP)
    except WaitTimeout:
        return False
    except ConsumerNotFound:  # it is only starting
        process.join(STEP)
        return False
    except ConsumerFailed:
        if not blocked(consumer):
            raise
        process.join(STEP)
        return False
    return True


def what_fails(consumer: Consumer) -> str | None:
    """The error of what it tries again; None while nothing fails."""
    try:
        errors = [shard.error for shard in consumer.health().shards]
        errors += [letter.error for letter in blocked(consumer)]
    except ConsumerNotFound:
        return None
    return next((error for error in errors if error is not None), None)


def blocked(consumer: Consumer) -> list[Letter]:
    """What failed and is tried again."""
    return [letter for letter in consumer.letters() if letter.status == "blocked"]
