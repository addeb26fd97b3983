"""Errors of exporting events, and of importing them elsewhere."""

from __future__ import annotations

from attrs import define

from sourcery.errors.base import SourceryError


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
    """An event cannot be imported here. What was imported before it stays."""

    line: int
    #: The stream as `category/id`.
    stream: str
    version: int
    problem: str

    def __str__(self) -> str:
        return (
            f"version {self.version} of {self.stream!a}, line {self.line} of the export, "
            f"{self.problem}"
        )
