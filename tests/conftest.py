"""The options and markers of our tests; the fixtures are in `tests.databases.fixtures`."""

import os
from pathlib import Path

import pytest

from tests.brokers import BROKERS, Brokers
from tests.databases import SCHEMA, SERVERS, NotConfigured, Servers
from tests.databases.named import ALL
from tests.databases.servers import FAMILIES

pytest_plugins = ["pytester", "tests.databases.fixtures", "tests.kills.matrix"]

#: Folders whose tests take long: unless `--db` says more, they run on one server of each family.
LONG = {
    "cli",
    "cloning",
    "conformance",
    "connections",
    "control",
    "delivery",
    "demo",
    "examples",
    "ext",
    "faults",
    "frameworks",
    "inbox",
    "kills",
    "live",
    "model",
    "outgoing",
    "project",
    "read_models",
    "relay",
    "schema",
    "security",
    "shards",
    "snapshots",
    "soak",
    "subscribe",
    "store",
    "subscriber",
    "unit_of_work",
    "upkeep",
    "wakeups",
}

#: Folders and modules that leave MariaDB out, unless `--db` says more: CI has half an hour for all.
#: The conformance kit, the kills and the faults run there.
ON_TWO = {
    "cli",
    "control",
    "demo",
    "ext",
    "frameworks",
    "live",
    "outgoing",
    "project",
    "read_models",
    "relay",
    "snapshots",
    "subscribe",
    "subscriber",
    "test_command",
    "upkeep",
}

#: Modules in such folders for which each version of a server counts.
EVERYWHERE = {
    "test_event_ids",
    "test_expected_version",
    "test_floors",
    "test_in_flight",
    "test_rewound",
    "test_safeguards",
    "test_stress",
    "test_upgrade",
}

#: Those of promises and needs come with the kit's plug-in.
DATABASES = "databases(*families): run only on these of sqlite, postgresql, mariadb"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --db."""
    parser.addoption(
        "--db",
        action="append",
        default=[],
        metavar="NAME",
        help="run on this database of setup.cfg [db]; repeatable; `all`; default: all there are",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and read the names of the databases."""
    config.addinivalue_line("markers", DATABASES)
    try:
        servers = Servers(config.rootpath / "setup.cfg", config.getoption("db") or [], SCHEMA)
        brokers = Brokers(config.rootpath / "setup.cfg")
    except NotConfigured as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SERVERS], config.stash[BROKERS] = servers, brokers
    config.add_cleanup(servers.remove)
    config.add_cleanup(brokers.remove)


def pytest_sessionstart(session: pytest.Session) -> None:
    """A run that must not skip a database or broker says so with SOURCERY_REQUIRE."""
    names = [name.strip() for name in os.environ.get("SOURCERY_REQUIRE", "").split(",")]
    brokers = session.config.stash[BROKERS]
    try:
        session.config.stash[SERVERS].require(name for name in names if name not in brokers)
        brokers.require(name for name in names if name in brokers or name == ALL)
    except NotConfigured as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a database on each chosen one."""
    if "database_name" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("databases")
    families = marker.args if marker else able(metafunc.definition)
    servers = metafunc.config.stash[SERVERS]
    names = servers.of(families)
    if is_long(metafunc.definition.path) and not metafunc.config.getoption("db"):
        names = servers.of_each_family(names)
        if ON_TWO & {metafunc.definition.path.parent.name, metafunc.definition.path.stem}:
            names = [n for n in names if servers[n].family != "mariadb"] or names
    parameters = [parameter(servers, name) for name in names]
    reason = f"runs on {', '.join(families)} only: not chosen by --db"
    absent = pytest.param("none", marks=pytest.mark.skip(reason=reason))
    metafunc.parametrize("database_name", parameters or [absent])


def is_long(path: Path) -> bool:
    """Whether one server of each family is enough for a module."""
    return path.parent.name in LONG and path.stem not in EVERYWHERE


def able(test: pytest.Function) -> tuple[str, ...]:
    """The families that can do what the test needs; none is all."""
    from sourcery.testing.conformance.databases import capabilities_by_name

    needed = {word for mark in test.iter_markers("needs") for word in mark.args}
    return tuple(family for family in FAMILIES if needed <= capabilities_by_name(family))


def parameter(servers: Servers, name: str) -> object:
    """A database that is not there is a skipped test that says what to install."""
    missing = servers.missing(name)
    return pytest.param(name, marks=pytest.mark.skip(reason=missing)) if missing else name
