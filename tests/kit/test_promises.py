"""Promises, tests and page belong together."""

import pytest

from sourcery.testing.conformance import PROMISES
from sourcery.testing.conformance.databases import CAPABILITIES
from tests.kit.sources import KIT, PAGE, TESTS, functions, kit_modules, kit_tests, marked


def test_promises_are_numbered_without_gap() -> None:
    """A number is what tests and the page refer to."""
    assert list(range(1, 50)) == [promise.number for promise in PROMISES]
    assert len(PROMISES) == len({promise.title for promise in PROMISES})


def test_every_promise_has_a_test_and_no_test_another_number() -> None:
    """In the kit, or in our own tests where it needs servers of ours."""
    assert {promise.number for promise in PROMISES} == set(marked("promise"))


def test_every_need_is_a_capability() -> None:
    """A word that nobody knows would skip its test everywhere."""
    assert set(marked("needs")) <= CAPABILITIES


@pytest.mark.parametrize("path", kit_modules(), ids=lambda path: path.stem)
def test_our_databases_run_every_module_of_the_kit(path: object) -> None:
    """By a module of the same name that holds its tests."""
    folder = {KIT: "conformance", KIT / "codecs": "codec", KIT / "publishers": "publishers"}
    thin = TESTS / folder[path.parent] / path.name
    dotted = ".".join(path.relative_to(KIT.parents[2]).with_suffix("").parts)
    assert f"from {dotted} import *" in thin.read_text()


def test_every_module_of_the_kit_names_a_promise() -> None:
    """What proves none belongs elsewhere."""
    nothing = [path.name for path in kit_modules() if "mark.promise(" not in path.read_text()]
    assert [] == nothing


def test_the_page_lists_every_promise_and_every_test_of_the_kit() -> None:
    """Made anew after each change: CONTRIBUTING says how."""
    page = PAGE.read_text()
    assert [] == [p.title for p in PROMISES if f"### {p.number}. {p.title}\n\n{p.text}" not in page]
    assert [] == sorted(test for test in kit_tests() if f"`{test}`" not in page)


def test_no_test_hides_another_of_its_module() -> None:
    """Python keeps the last of two functions of one name, in silence."""
    for path in kit_modules():
        names = list(functions(path))
        assert sorted(set(names)) == sorted(names), path
