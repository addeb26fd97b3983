"""The versions that tox calls lowest are the ones that setup.cfg allows."""

from configparser import ConfigParser
from pathlib import Path

from tests.package.conftest import ROOT


def lines(file: Path, section: str, key: str) -> set[str]:
    """The lines of a value, without blank ones."""
    parser = ConfigParser(interpolation=None)
    parser.read(file)
    return set(parser[section][key].split())


def test_lowest_versions_are_the_ones_we_allow() -> None:
    """Whoever raises a requirement raises it in both files."""
    required = lines(ROOT / "setup.cfg", "options", "install_requires")
    tested = lines(ROOT / "tox.ini", "testenv:lowest", "deps")
    assert {line.replace(">=", "==") for line in required} == tested
