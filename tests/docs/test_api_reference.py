"""The reference names all that is public; its links are checked by the build of the site."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference" / "api"
PAGES_OF_DOCS = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
IMPORT = re.compile(r"^ *from (sourcery[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
TEXT = "\n".join(page.read_text() for page in sorted(PAGES.glob("*.md")))
NAMES = re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)", TEXT, re.MULTILINE)
MODULES = [
    "sourcery",
    "sourcery.dialects",
    "sourcery.errors",
    "sourcery.publishers",
    "sourcery.read_models",
    "sourcery.testing",
    "sourcery.testing.conformance",
]


def named(full: str) -> object:
    """What a name with its module stands for."""
    module, _, name = full.rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("name", MODULES)
def test_a_public_name_is_in_the_reference(name: str) -> None:
    """Each of `__all__` is described, under this or another name of the same object."""
    described = {id(named(full)) for full in NAMES}
    module = import_module(name)
    assert [] == [one for one in module.__all__ if id(getattr(module, one)) not in described]


def test_nothing_is_described_twice() -> None:
    """A name has one place, to which links lead."""
    assert sorted(set(NAMES)) == sorted(NAMES)


def test_a_signature_written_by_hand_is_that_of_the_code() -> None:
    """The overloads of `Subscriber` hide its defaults, so the page says them."""
    from sourcery import NOW, ORIGIN, Subscriber

    (written,) = re.findall(r"autoclass:: sourcery.Subscriber\((.*)\)$", TEXT, re.MULTILINE)
    pairs = {"NOW": NOW, "ORIGIN": ORIGIN}
    says = eval(f"lambda {written}: None", pairs)  # noqa: S307 - our own page
    defaults = {p.name: p.default for p in inspect.signature(says).parameters.values()}
    code = inspect.signature(Subscriber).parameters.values()
    assert {p.name: p.default for p in code} == defaults


def imported() -> set[str]:
    """What README, docs and examples import of the library."""
    pages = [*PAGES_OF_DOCS, *(ROOT / "examples").rglob("*.py")]
    found = [
        f"{module}.{name.split()[0]}"
        for page in pages
        for module, names in IMPORT.findall(page.read_text())
        for name in names.strip("()\n").split(",")
        if name.strip()
    ]
    return {full for full in found if not full.endswith("*")}


def test_what_pages_import_is_in_the_reference() -> None:
    """A reader who copies a line can look up what is in it; of a module, its functions."""
    described = {id(named(full)) for full in NAMES}
    described |= {id(import_module(full.rpartition(".")[0])) for full in NAMES}
    assert [] == sorted(full for full in imported() if id(named(full)) not in described)
