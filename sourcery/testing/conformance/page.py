"""The page of promises: what each came to on each database, made from the reports of runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sourcery.testing.conformance.promises import PROMISES, Promise
from sourcery.testing.conformance.results import Result, Run

KIT: Final = "sourcery.testing.conformance."
#: How the table and the lists show an outcome.
SIGNS: Final = {"passed": "✓", "failed": "**✗**", "skipped": "-"}
NOWHERE: Final = "no database"

INTRODUCTION: Final = """\
# Promises and their proofs

Made by `python -m sourcery.testing.conformance REPORT...` from what `--sourcery-report` wrote; do
not edit. Library {library}, run on {days}.

✓ passed, **✗** failed, - not run there, because this database cannot do what the test needs or
does not differ in it. Tests of the [kit](../how-to/conformance.md) run on a database of yours;
names that begin with `tests.` are our own, which need servers that they may crash, freeze and
restore.
"""


def render(runs: Iterable[Run]) -> str:
    """Markdown of the whole page; a later run replaces what an earlier one found."""
    runs = list(runs)
    latest = {(r.test, r.database): r for run in runs for r in run.results}
    results = list(latest.values())
    databases = sorted({r.database for r in results if r.database is not None})
    head = INTRODUCTION.format(
        library=", ".join(sorted({run.library for run in runs})),
        days=" and ".join(sorted({run.day for run in runs})),
    )
    parts = [head, *_summary(results, databases)]
    for group in dict.fromkeys(promise.group for promise in PROMISES):
        parts += ["", f"## {group}"]
        for promise in PROMISES:
            if promise.group == group:
                parts += ["", *_section(promise, results, databases)]
    return "\n".join(parts) + "\n"


def _summary(results: list[Result], databases: list[str]) -> Iterator[str]:
    """One row for each promise: how many tests passed on each database."""
    yield f"| promise | {' | '.join([*databases, NOWHERE])} |"
    yield f"|---{'|---' * (len(databases) + 1)}|"
    for promise in PROMISES:
        ours = [r for r in results if promise.number in r.promises]
        cells = [_count(r for r in ours if r.database == d) for d in [*databases, None]]
        yield f"| {promise.number}. {promise.title} | {' | '.join(cells)} |"


def _count(results: Iterable[Result]) -> str:
    outcomes = [r.outcome for r in results]
    failed, passed = outcomes.count("failed"), outcomes.count("passed")
    if failed:
        return f"{SIGNS['failed']} {failed} of {failed + passed}"
    return f"{SIGNS['passed']} {passed}" if passed else ""


def _section(promise: Promise, results: list[Result], databases: list[str]) -> Iterator[str]:
    """The promise's text and all tests that prove it, the kit's first."""
    yield f"### {promise.number}. {promise.title}"
    yield ""
    yield promise.text
    yield ""
    found: dict[str, dict[str | None, str]] = {}
    for result in results:
        if promise.number in result.promises:
            found.setdefault(result.test, {})[result.database] = result.outcome
    for test in sorted(found, key=lambda test: (not test.startswith(KIT), test)):
        yield f"- `{test.removeprefix(KIT)}` {_outcomes(found[test], databases)}".rstrip()


def _outcomes(found: dict[str | None, str], databases: list[str]) -> str:
    """All alike in one sign; else the databases by name, without those it does not run on."""
    ran = {name: outcome for name, outcome in found.items() if outcome != "skipped"}
    if not ran:
        return SIGNS["skipped"]
    if set(ran.values()) == {"passed"} and (set(databases) <= ran.keys() or None in ran):
        return SIGNS["passed"]
    return ", ".join(f"{name or NOWHERE} {SIGNS[ran[name]]}" for name in sorted(ran, key=str))
