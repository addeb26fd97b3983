"""The command-line options and the markers of the conformance kit, for pytest.

A module of its own beside the package, so that a pytest run that does not use the kit does not
import the library.
"""

import pytest

KIT = "sourcery.testing.conformance"
PLUGIN = f"{KIT}.plugin"
#: Known in every run: whoever imports tests of the kit into a suite imports them with their marks.
MARKERS = {
    "promise": "promise(*numbers): proves the promises of these numbers",
    "needs": "needs(*capabilities): runs only on a database that can do this",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("sourcery", f"Conformance kit: pytest --pyargs {KIT}")
    group.addoption(
        "--sourcery-url",
        metavar="URL",
        help="SQLAlchemy URL of the database to test. A scratch database is made beside it; an "
        "account that may not needs a database without tables",
    )
    group.addoption(
        "--sourcery-profile",
        choices=["short", "long"],
        default="short",
        help="how much load: short (default) takes minutes, long half an hour",
    )
    group.addoption(
        "--sourcery-report",
        metavar="FILE",
        help=f"write what each promise came to, as JSON; `python -m {KIT}` makes a page of it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and load the rest when it is asked for."""
    registered = {line.partition("(")[0] for line in config.getini("markers")}
    for name, line in MARKERS.items():
        if name not in registered:
            config.addinivalue_line("markers", line)
    given = config.getoption("sourcery_url")
    if config.getoption("pyargs") and KIT in config.args and not given:
        raise pytest.UsageError(
            f"which database? pytest --pyargs {KIT} --sourcery-url URL (as for SQLAlchemy)"
        )
    if given or config.getoption("sourcery_report"):
        config.pluginmanager.import_plugin(PLUGIN)
