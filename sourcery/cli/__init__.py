"""The command line: it asks the library, and prints what it answers.

One file for each group of commands. None of them knows SQL; how things look is in `output`,
what they say in `escaping`, what becomes of an error in `failing`.
"""

from sourcery.cli.main import main

__all__ = ["main"]
