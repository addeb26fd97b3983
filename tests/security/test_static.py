"""What the sources never do: run code that came as data, or build SQL out of values."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The kit is tests: what it does to rows by hand, it does to a database made for it.
KIT = ROOT / "sourcery/testing/conformance"
SOURCES = sorted(
    path
    for path in [*ROOT.glob("sourcery/**/*.py"), *ROOT.glob("alembic/**/*.py")]
    if KIT not in path.parents
)

#: Modules that turn bytes or names into objects and code.
LOADERS = {
    "cloudpickle",
    "code",
    "dill",
    "importlib",
    "imp",
    "jsonpickle",
    "marshal",
    "pickle",
    "pkgutil",
    "runpy",
    "shelve",
    "yaml",
}
#: Functions of Python's own that do.
RUNNERS = {"__import__", "compile", "eval", "exec", "import_module"}
#: Who loads what is named elsewhere, and who says the name.
ENTRY_POINTS = {
    "sourcery/dialects/__init__.py": "the database in a URL, which the program gives",
    "sourcery/publishers/__init__.py": "the scheme of a URL, which the program gives",
}
IMPORTS = {
    **{(path, "importlib.metadata.entry_points"): why for path, why in ENTRY_POINTS.items()},
    ("sourcery/__main__.py", "importlib.util.find_spec"): "looks for click and rich, runs nothing",
    ("sourcery/cli/loading.py", "importlib.import_module"): "`module:object` of a command line",
    ("sourcery/cli/main.py", "importlib.metadata.version"): "reads our own number",
    ("sourcery/codec/msgspec.py", "importlib.util.find_spec"): "looks for msgspec, runs nothing",
}

#: Calls whose first argument is SQL, and those for which it may be.
TAKES_SQL = {"DDL", "exec_driver_sql", "literal_column", "text"}
EXECUTES = {"execute", "executemany"}
#: Functions of `sourcery.dialects`, whose second argument is SQL.
DRIVER = {"first_floored", "run"}


@cache
def parsed() -> list[tuple[str, ast.Module]]:
    """Each source by its path."""
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text())) for path in SOURCES]


def imported(tree: ast.Module) -> Iterator[str]:
    """What a module imports, with what it takes out of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """All calls, with the last part of the name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield node, getattr(function, "attr", getattr(function, "id", ""))


@pytest.mark.promise(46)
def test_nothing_that_runs_data_is_imported() -> None:
    """But for what stands here with its reason."""
    found = {
        (path, name)
        for path, tree in parsed()
        for name in imported(tree)
        if name.partition(".")[0] in LOADERS
    }
    assert set(IMPORTS) == found


@pytest.mark.promise(46)
def test_nothing_that_runs_text_is_called() -> None:
    """What is called `load` loads entry points; `re.compile` is no function of Python's own."""
    found = {
        (path, ast.unparse(call.func))
        for path, tree in parsed()
        for call, name in calls(tree)
        if (isinstance(call.func, ast.Name) and name in RUNNERS)
        or ast.unparse(call.func) in ("entry.load", "importlib.import_module")
    }
    of_the_command = ("sourcery/cli/loading.py", "import_module")
    assert {of_the_command, *((path, "entry.load") for path in ENTRY_POINTS)} == found


def constants(tree: ast.Module) -> set[str]:
    """Names of a module whose value is what the source says: constants, imported ones, too."""
    known = {name for path in imported(tree) if (name := path.split(".")[-1]).isupper()}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_constant(node.value, known):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known |= {target.id for target in targets if isinstance(target, ast.Name)}
    return known


def is_constant(node: ast.expr | None, known: set[str]) -> bool:
    """Whether nothing in an expression can be other than the source says, or than digits."""
    match node:
        case ast.Name(id=name):
            return name in known
        case ast.Call(func=ast.Name(id="int")):
            return True
        case ast.Call(func=ast.Name(id="str"), args=parts) | ast.JoinedStr(values=parts):
            return all(is_constant(part, known) for part in parts)
        case ast.FormattedValue(value=part):
            return is_constant(part, known)
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            return is_constant(one, known) and is_constant(other, known)
    return isinstance(node, ast.Constant)


def built_sql(tree: ast.Module) -> set[str]:
    """Expressions that are given as SQL and are not constant."""
    known = constants(tree)
    given = {sql for call, name in calls(tree) if (sql := sql_of(call, name)) is not None}
    return {ast.unparse(sql) for sql in given if not is_constant(sql, known)}


def sql_of(call: ast.Call, name: str) -> ast.expr | None:
    """The argument that is SQL, if there is one."""
    if isinstance(call.func, ast.Name) and name in DRIVER and len(call.args) > 1:
        return call.args[1]
    if not call.args:
        return None
    first = call.args[0]
    return first if name in TAKES_SQL or (name in EXECUTES and is_text(first)) else None


def is_text(node: ast.expr) -> bool:
    """What is executed is a statement of SQLAlchemy's, unless it is seen to be text."""
    formats = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format"
    return formats or isinstance(node, ast.JoinedStr | ast.BinOp)


QUOTED = "constants, and the name of a schema, which is quoted"
NUMBER = "an integer, and of our own"
ALEMBIC = "alembic/migrations/versions/sourcery_"
#: Whatever else is given as SQL, and why there is no value in it.
REASONS = {
    ("alembic/migrations/env.py", "f'SET LOCAL search_path TO {quoted}'"): QUOTED,
    (f"{ALEMBIC}0001_events_and_outbox.py", "may"): "a constant",
    (f"{ALEMBIC}0001_events_and_outbox.py", "sql"): "of the constants in IDENTITY; a uuid4",
    (f"{ALEMBIC}0002_consumers_and_dead_letters.py", "str(number)"): NUMBER,
    (f"{ALEMBIC}0003_snapshots_read_models_inbox.py", "str(number)"): NUMBER,
    ("sourcery/append_only.py", "statement"): QUOTED,
    ("sourcery/codec/containers.py", "key"): "no SQL: `text` there makes keys of JSON",
    ("sourcery/dialects/driver.py", "sql"): "handed on",
    ("sourcery/dialects/floor_append.py", "statement"): QUOTED,
    ("sourcery/dialects/floor_append.py", "statements.append_stream"): QUOTED,
    ("sourcery/dialects/floor_append.py", "statements.append_many"): QUOTED,
    ("sourcery/dialects/floor_append.py", "statements.append_one"): QUOTED,
    ("sourcery/dialects/floor_append.py", "statements_for(connection).send"): QUOTED,
    ("sourcery/dialects/floor_import.py", "statements_for(connection).draw"): QUOTED,
    ("sourcery/dialects/floor_import.py", "statements_for(connection).heads"): QUOTED,
    ("sourcery/dialects/mysql.py", "f'KILL {backend}'"): "an integer: who calls it says int()",
    ("sourcery/dialects/notify.py", "f'listen {_quoted(channel)}'"): "quoted",
    ("sourcery/dialects/notify.py", "f'unlisten {_quoted(channel)}'"): "quoted",
    ("sourcery/dialects/postgresql.py", "statement"): QUOTED,
    ("sourcery/dialects/postgresql.py", "statements_for(connection).highest"): QUOTED,
    ("sourcery/dialects/postgresql.py", "statements.lowest_floor"): QUOTED,
    ("sourcery/dialects/sqlite.py", "f'PRAGMA busy_timeout = {before}'"): "what a PRAGMA said",
    ("sourcery/dialects/sqlite.py", "f'PRAGMA busy_timeout = {milliseconds}'"): NUMBER,
    ("sourcery/dialects/statements.py", "rendered.text"): "what SQLAlchemy made of its statements",
}


def test_sql_is_never_built_of_values() -> None:
    """Each exception stands here with its reason; one that is gone must go here, too."""
    found = {(path, sql) for path, tree in parsed() for sql in built_sql(tree)}
    assert set(REASONS) == found


@pytest.mark.parametrize(
    "line",
    [
        "c.exec_driver_sql(f'select {x}')",
        "c.execute('select ' + x)",
        "c.execute('select %s' % x)",
        "c.execute('select {}'.format(x))",
        "y = 'a' + x\nliteral_column(y)",
        "def f(x):\n    text(x)",
        "run(c, 'select ' + x, (), returns=True)",
    ],
)
def test_sql_built_of_values_is_found(line: str) -> None:
    """The test of the test."""
    assert 1 == len(built_sql(ast.parse(line)))
