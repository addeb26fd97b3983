"""The engine of consumers: claim, page, wait, stop. The subscriber and the relay share it."""

from sourcery.worker.handlers import delivery_of
from sourcery.worker.handling import Handling
from sourcery.worker.job import Job
from sourcery.worker.loop import Worker
from sourcery.worker.rounds import Rounds
from sourcery.worker.settings import Action, ErrorPolicy, Settings, error_policy
from sourcery.worker.source import EventSource
from sourcery.worker.unit import PageUnit

__all__ = [
    "Action",
    "ErrorPolicy",
    "EventSource",
    "Handling",
    "Job",
    "PageUnit",
    "Rounds",
    "Settings",
    "Worker",
    "delivery_of",
    "error_policy",
]
