"""What is inside the wheel."""

from configparser import ConfigParser
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

from tests.package.conftest import ROOT


def files(folder: str) -> set[str]:
    """All files below a folder of the checkout, but for what Python makes by itself."""
    top = ROOT / folder
    found = (path.relative_to(top) for path in top.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def read(wheel: Path, name: str) -> str:
    """A file of the wheel's own description."""
    with ZipFile(wheel) as archive:
        [path] = [path for path in archive.namelist() if path.endswith(f".dist-info/{name}")]
        return archive.read(path).decode()


def test_wheel_holds_the_package_and_its_revisions(wheel: Path) -> None:
    """The package and the revisions inside it, no file less and no file more."""
    code = {f"sourcery/{path}" for path in files("sourcery")}
    revisions = {f"sourcery/migrations/{path}" for path in files("alembic/migrations")}
    with ZipFile(wheel) as archive:
        packed = {path for path in archive.namelist() if ".dist-info/" not in path}
    assert code | revisions | {"sourcery_pytest.py"} == packed


def test_wheel_says_what_it_is(wheel: Path) -> None:
    """Name, licence and Python versions are in the place where pip looks."""
    about = message_from_string(read(wheel, "METADATA"))
    said = about["Name"], about["License-Expression"] or about["License"], about["Requires-Python"]
    assert ("sourcery-events", "MIT", ">=3.11") == said


def test_wheel_offers_a_plugin_a_command_and_options(wheel: Path) -> None:
    """Alembic runs the plug-in of that name; pytest finds options without importing us."""
    offered = ConfigParser()
    offered.read_string(read(wheel, "entry_points.txt"))
    expected = {
        "alembic.plugins": {"alembic.autogenerate.sourcery": "sourcery.autogenerate"},
        "console_scripts": {"sourcery": "sourcery.__main__:main"},
        "pytest11": {"sourcery": "sourcery_pytest"},
    }
    assert expected == {name: dict(offered[name]) for name in offered.sections()}
