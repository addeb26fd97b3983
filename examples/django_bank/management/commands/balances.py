"""`python -m examples.django_bank balances` keeps the read model until it is stopped."""

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from examples.django_bank.balances import subscriber
from examples.django_bank.store import store


class Command(BaseCommand):
    """Run the subscriber; SIGTERM and Ctrl-C end it after the page in hand."""

    help = "keep the balances"

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        subscriber(store()).run(stop)
