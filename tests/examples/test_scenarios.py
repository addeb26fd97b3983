"""Each scenario runs, and says what its docstring promises."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from examples.storefront.domain import Order, Product, Refused
from examples.storefront.events import Line, Placed, Reserved, Stocked
from sourcery.testing import given
from tests.databases import Database
from tests.docs.test_blocks import ROOT

pytestmark = pytest.mark.databases("sqlite", "postgresql")

SAID = {
    "quickstart": ["ada has 100.00", "the bank has 120.50"],
    "inventory_report": [
        "revenue 52500, refunds 2500, in stock 442500 cents",
        "kettle: 87 in stock, 10 sold",
        "toaster: 45 in stock, 5 sold",
    ],
    "subscription_billing": [
        "refused: 7000 cents are owed",
        "cancelled",
        "plan None, owed 0, last touched by support",
    ],
    "versioned_events": [
        "stored as version 1: RegisteredV2(first='Ada', last='Lovelace', country='unknown')",
        "stored as version 2: RegisteredV2(first='Alan', last='Turing', country='UK')",
        "stored as user.registered: Joined(first='Ada', last='Lovelace', country='unknown')",
        "stored as user.registered: Joined(first='Alan', last='Turing', country='UK')",
    ],
    "optimistic_concurrency": [
        "expected 0, found 1",
        "seat 1, seat 2, seat 3, sold out, sold out, sold out",
    ],
    "snapshotting": [
        "snapshots at [], points 99",
        "snapshots at [100], points 100",
        "snapshots at [250], points 250",
        "snapshots at [], points 250",
    ],
    "read_your_writes": ["in memory: 100", "in memory: 150", "in a table: 157"],
    "storefront.__main__": [
        "revenue: 9000",
        "mail to ada: order 1 is on its way",
        "mail to bob: order 2 is cancelled: toaster ran out",
        "mail to bob: order 3 is cancelled: card expired",
        "order 1: confirmed",
        "order 2: cancelled toaster ran out",
        "order 3: cancelled card expired",
        "free: {'kettle': 8, 'toaster': 0}",
        "ada: 1 of 1 orders, 9000",
        "bob: 0 of 2 orders, 0",
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_a_scenario_says_what_it_did(
    name: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """On an empty database, whose tables it finds."""
    example = importlib.import_module(f"examples.{name}")
    example.main(database.url.render_as_string(hide_password=False))
    assert SAID[name] == capsys.readouterr().out.splitlines()


def test_a_scenario_runs_from_the_command_line(tmp_path: Path) -> None:
    """As its docstring says; one speaks for all."""
    command = [sys.executable, "-W", "error", "-m", "examples.versioned_events"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert SAID["versioned_events"] == done.stdout.splitlines()


def test_every_scenario_is_here() -> None:
    """Nobody adds one that is not run; apps of frameworks have tests of their own."""
    tested = {"bank", "celery_bank", "fastapi_bank", "flask_bank"}
    files = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"__init__"}
    assert files == (set(SAID) | tested) - {"storefront.__main__"}


def test_the_rules_of_the_shop_need_no_database() -> None:
    """Nothing is kept that is not there, and no order is empty."""
    given(Product, Stocked(2)).when(lambda p: p.reserve("1", 2)).then(Reserved("1", 2))
    given(Product, Stocked(2)).when(lambda p: p.reserve("1", 3)).raises(Refused)
    given(Order).when(lambda o: o.place("ada", [])).raises(Refused)
    placed = Placed("ada", [Line("kettle", 1, 5)])
    given(Order, placed).when(lambda o: o.place("ada", placed.lines)).raises(Refused)
