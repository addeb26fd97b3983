"""Programs that tests run as processes of their own, to kill them."""

from sourcery.testing.conformance.programs.program import Program

__all__ = ["Program"]
