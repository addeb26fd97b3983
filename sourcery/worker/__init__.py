"""The engine of consumers: claim, page, wait, stop. The subscriber and the relay share it."""

from sourcery.worker.delivery import Batch, Delivery, Each, Effects
from sourcery.worker.job import Job
from sourcery.worker.loop import Worker
from sourcery.worker.settings import Action, ErrorPolicy, Settings, error_policy

__all__ = [
    "Action",
    "Batch",
    "Delivery",
    "Each",
    "Effects",
    "ErrorPolicy",
    "Job",
    "Settings",
    "Worker",
    "error_policy",
]
