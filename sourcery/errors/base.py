"""The roots of all errors."""

from __future__ import annotations


class SourceryError(Exception):
    """The base of every error that sourcery raises on its own account."""


class Retryable(SourceryError):
    """Nothing was written: the same work on fresh state may succeed."""


class ConfigurationError(SourceryError):
    """The program, its engine or its database is set up in a way that cannot work."""
