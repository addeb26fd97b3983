"""How the handler of a read model is called: with its version's tables, and without effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from sourcery.context import has_written
from sourcery.errors import EffectRefused
from sourcery.read_models.tables import Tables
from sourcery.worker import PageUnit


@frozen
class Feeding:
    """A handler of `(uow, recorded)` out of one of `(uow, recorded, tables)`.

    What it recorded or published is refused, and with it the whole page: nothing was written
    yet, since events and messages are written last.
    """

    handler: Callable[..., object]
    tables: Tables
    consumer: str

    def __call__(self, uow: PageUnit, recorded: Any) -> object:
        result = self.handler(uow, recorded, self.tables)
        if uow.has_changes or has_written():
            raise EffectRefused(self.consumer)
        return result
