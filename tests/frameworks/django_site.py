"""The Django example in this process, on whatever database a test has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from examples.django_bank import settings as example
from examples.django_bank.store import store
from tests.databases import Database

_ENGINES = {"postgresql": "django.db.backends.postgresql", "sqlite": "django.db.backends.sqlite3"}
_SQLITE = {"transaction_mode": "IMMEDIATE", "timeout": 30}


def set_up() -> None:
    """Once for the process: Django has one set of settings."""
    if not settings.configured:
        values = {name: getattr(example, name) for name in dir(example) if name.isupper()}
        settings.configure(**values)
    if not apps.ready:
        django.setup()


def settings_of(database: Database) -> dict[str, Any]:
    """How Django names a database of ours."""
    url = database.url
    family = url.get_backend_name()
    return {
        "ENGINE": _ENGINES[family],
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or url.query.get("host", ""),
        "PORT": str(url.port or ""),
        "OPTIONS": _SQLITE if family == "sqlite" else {},
    }


@contextmanager
def on(database: Database) -> Iterator[None]:
    """Let Django's default database be this one, with the tables of the models."""
    set_up()
    before = connections.settings["default"]
    connections.settings["default"] = connections.configure_settings(
        {"default": settings_of(database)}
    )["default"]
    _forget()
    store.cache_clear()
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        store().close()
        store.cache_clear()
        connections.close_all()
        connections.settings["default"] = before
        _forget()


def _forget() -> None:
    """Let this thread's connection be made anew, by the settings of now."""
    if connections["default"]:
        del connections["default"]
