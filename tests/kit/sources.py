"""What the sources say: which tests there are, which promises and capabilities they name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sourcery.testing import conformance

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
KIT = Path(conformance.__file__).parent
PAGE = ROOT / "docs" / "reference" / "promises.md"


def kit_modules() -> list[Path]:
    """The kit's modules of tests."""
    return sorted(KIT.rglob("test_*.py"))


def kit_tests() -> set[str]:
    """Every test of the kit, as the page names it: module and function."""
    return {f"{name(path)}::{test}" for path in kit_modules() for test in functions(path)}


def name(path: Path) -> str:
    """A module's name inside the kit."""
    return ".".join(path.relative_to(KIT).with_suffix("").parts)


def functions(path: Path) -> Iterator[str]:
    """The functions of tests in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def marked(mark: str) -> list[object]:
    """All arguments of a mark, in the kit and in our tests."""
    return [
        argument.value
        for path in [*KIT.rglob("*.py"), *TESTS.rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{mark}"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    ]
