"""What is inside the wheel."""

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


def test_wheel_offers_the_autogenerate_plugin(wheel: Path) -> None:
    """Alembic finds the plug-in under a name that it runs without being told to."""
    plugins, _ = read(wheel, "entry_points.txt").split("\n\n", 1)
    assert "[alembic.plugins]\nalembic.autogenerate.sourcery = sourcery.autogenerate" == plugins


def test_wheel_offers_the_options_of_the_kit(wheel: Path) -> None:
    """Pytest finds them in a module that does not import the library."""
    _, options = read(wheel, "entry_points.txt").split("\n\n", 1)
    assert "[pytest11]\nsourcery = sourcery_pytest" == options.strip()
