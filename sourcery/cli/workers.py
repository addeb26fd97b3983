"""Subscribers, relays and read models of the user's program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import click

from sourcery.cli.loading import load, made
from sourcery.read_models import ReadModel
from sourcery.relay import Relay
from sourcery.subscriber import Subscriber

Worker = Subscriber | Relay | ReadModel
_CLASSES = (Subscriber, Relay, ReadModel)


def workers_of(names: Iterable[str]) -> list[Worker]:
    """Those that are named: one, several in a list, or a function that makes them."""
    return [worker for name in names for worker in _workers(name)]


def _workers(name: str) -> list[Worker]:
    found, _ = made(load(name), (*_CLASSES, list, tuple))
    several = cast("Iterable[Any]", found) if isinstance(found, list | tuple) else [found]
    workers = list(several)
    if not workers or not all(isinstance(worker, _CLASSES) for worker in workers):
        problem = (
            "is no Subscriber, Relay or ReadModel, no list or function without arguments of such"
        )
        raise click.UsageError(f"{name!a} {problem}")
    return workers


def name_of(worker: Worker) -> str:
    """As its consumer is called; a relay's consumers begin with it."""
    return worker.consumer.name if isinstance(worker, ReadModel) else worker.name


def read_model(name: str) -> ReadModel:
    """The one read model of that name."""
    found = workers_of([name])
    if len(found) != 1 or not isinstance(found[0], ReadModel):
        raise click.UsageError(f"{name!a} is not one ReadModel")
    return found[0]
