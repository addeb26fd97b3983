"""Errors of exporting events, and of importing a history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from sourcery.errors.base import SourceryError

if TYPE_CHECKING:
    from sourcery.stream import Stream


@define
class ExportDamaged(SourceryError, ValueError):
    """A file is no export, or not all of one, or was changed. Nothing was imported."""

    #: From 1.
    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line} of the export {self.problem}: copy the file again, or export anew"


@define
class ImportRefused(SourceryError):
    """An event of a history, or of an export, does not fit what is stored.

    Nothing of its batch is written, and nothing that is stored was changed. Batches before it
    stay; when only the comparison after an import refuses it, all of them do.
    """

    #: Place of the event in the history, from 1; an export has it a line further down.
    number: int
    stream: Stream
    version: int
    problem: str

    def __str__(self) -> str:
        return (
            f"event {self.number} of the history, version {self.version} of {self.stream}, is "
            f"refused: {self.problem}; mend the history and import it again, what is stored "
            f"already is passed over"
        )
