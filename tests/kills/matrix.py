"""The matrix as it is printed: a plug-in of pytest, since a run may be spread over processes."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest

#: Under this name a test leaves its rows in its report.
PROPERTY: Final = "kill matrix"
_HEAD: Final = (
    "step", "moment", "database", "runs", "kills", "events", "messages", "doubles",
)  # fmt: skip


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests have seen, if any did."""
    rows = sorted(rows_of(terminalreporter.getreports("passed")), key=lambda row: row[2])
    if not rows:
        return
    terminalreporter.section("kill matrix")
    for line in table([_HEAD, *rows, _total(rows)]):
        terminalreporter.write_line(line)


def rows_of(reports: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Those that tests have left in their reports."""
    for report in reports:
        yield from (tuple(row) for name, row in report.user_properties if name == PROPERTY)


def table(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Lines of equal columns, as documents have them."""
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for number, row in enumerate(texts):
        yield f"| {' | '.join(map(str.ljust, row, widths))} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def _total(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    return ("all", "", "", *(sum(column) for column in list(zip(*rows, strict=True))[3:]))
