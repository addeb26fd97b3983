"""The command `sourcery`, and `python -m sourcery`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

#: The libraries of the extra.
_NEEDED: Final = ("click", "rich")


def main() -> None:
    """Run the command line, or say which line of pip installs what it needs."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        sys.exit(f"Error: the command line needs {names}: pip install 'sourcery-events[cli]'")
    from sourcery.cli import main as command

    command(prog_name="sourcery")


if __name__ == "__main__":
    main()
