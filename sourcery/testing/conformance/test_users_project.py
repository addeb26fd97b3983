"""Our tables beside those of a user's own Alembic project."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sourcery.errors import DatabaseMisconfigured
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.migrations import (
    FIRST_TABLES,
    HEAD,
    TABLES,
    VERSION_TABLE,
    differences,
    run,
    tables,
)
from sourcery.upgrade import upgrade

ENV = """\
from alembic import context
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine

metadata = MetaData()
Table("customers", metadata, Column("id", Integer, primary_key=True), Column("name", String(50)))

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata{more})
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
MAKO = """\
from alembic import op
import sqlalchemy as sa
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}

def upgrade():
    ${upgrades or "pass"}

def downgrade():
    ${downgrades or "pass"}
"""
OURS_TOO = """\
path_separator = newline
version_locations =
    %(here)s/migrations/versions
    sourcery.migrations:versions
"""
WITHOUT_PLUGIN = (
    ', autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.sourcery"]'
)
WITH_INCLUDE_NAME = (
    WITHOUT_PLUGIN + ', include_name=__import__("sourcery.autogenerate").autogenerate.include_name'
)

HAS_PLUGINS = pytest.mark.skipif(
    find_spec("alembic.runtime.plugins") is None, reason="plug-ins came with alembic 1.18"
)


class Project:
    """A user's folder with alembic.ini, env.py, a table of their own and its revision."""

    def __init__(
        self, folder: Path, database: Database, *, settings: str = "", env: str = ""
    ) -> None:
        self.folder = folder
        self.versions: Path = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        url = database.url.render_as_string(hide_password=False)
        (folder / "alembic.ini").write_text(
            f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n{settings}"
        )
        (folder / "migrations" / "env.py").write_text(ENV.replace("{more}", env))
        (folder / "migrations" / "script.py.mako").write_text(MAKO)

    def alembic(self, *arguments: str) -> str:
        """Run the command in the folder; its output."""
        return run(self.folder, *arguments)

    def autogenerate(self, name: str, *arguments: str) -> str:
        """Write a revision by comparing; its text."""
        self.alembic("revision", "--autogenerate", "--rev-id", name, *arguments)
        (written,) = self.versions.glob(f"{name}*.py")
        return written.read_text()


@HAS_PLUGINS
@pytest.mark.promise(45)
def test_autogenerate_proposes_nothing_about_our_tables(
    tmp_path: Path, empty_database: Database, engine: Engine
) -> None:
    """With our tables there, a user's revision holds the user's table and nothing else."""
    upgrade(engine)
    project = Project(tmp_path, empty_database)

    assert "sourcery" not in project.autogenerate("first")
    project.alembic("upgrade", "head")

    second = project.autogenerate("second")
    assert 2 == second.count("    pass\n")
    assert "op." not in second
    assert TABLES | {VERSION_TABLE, "customers", "alembic_version"} == tables(engine)


@pytest.mark.promise(45)
def test_without_our_plugin_it_would_drop_them(
    tmp_path: Path, empty_database: Database, engine: Engine
) -> None:
    """The test of the test: Alembic by itself drops each of our tables."""
    upgrade(engine)
    project = Project(tmp_path, empty_database, env=WITHOUT_PLUGIN)

    proposed = project.autogenerate("first")

    for table in TABLES | {VERSION_TABLE}:
        assert f"drop_table('{table}')" in proposed


@pytest.mark.promise(45)
def test_include_name_does_it_for_an_older_alembic(
    tmp_path: Path, empty_database: Database, engine: Engine
) -> None:
    """Before 1.18 there are no plug-ins; the function for env.py has the same effect."""
    upgrade(engine)
    project = Project(tmp_path, empty_database, env=WITH_INCLUDE_NAME)

    assert "sourcery" not in project.autogenerate("first")


@HAS_PLUGINS
@pytest.mark.promise(45)
def test_autogenerate_still_sees_the_users_own_changes(
    tmp_path: Path, empty_database: Database, engine: Engine
) -> None:
    """Only our prefix is spared: a table the user deleted is proposed to be dropped."""
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (id INTEGER PRIMARY KEY)"))

    assert "drop_table('forgotten')" in Project(tmp_path, empty_database).autogenerate("first")


THEIRS = """\
import sqlalchemy as sa
from alembic import op

revision, down_revision, depends_on = "theirs", None, "sourcery_0001"

def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50)),
    )

def downgrade():
    op.drop_table("customers")
"""


@pytest.fixture
def theirs(tmp_path: Path, empty_database: Database) -> Project:
    """A project that lists our revisions beside its own, which needs our first."""
    project = Project(tmp_path, empty_database, settings=OURS_TOO)
    (project.versions / "theirs.py").write_text(THEIRS)
    return project


@pytest.fixture
def joined(theirs: Project) -> Project:
    """That project, upgraded."""
    theirs.alembic("upgrade", "heads")
    return theirs


def stands_at(engine: Engine) -> set[str]:
    """What the user's version table says."""
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


@pytest.mark.promise(44)
@pytest.mark.usefixtures("joined")
def test_a_users_tree_makes_our_tables_too(engine: Engine) -> None:
    """One `alembic upgrade heads` for both; the version table is the user's."""
    upgrade(engine)  # finds all it needs and leaves the rest to the user's tree

    assert TABLES | {"customers", "alembic_version"} == tables(engine)
    assert [] == differences(engine)
    assert {"theirs", HEAD} == stands_at(engine)


@pytest.mark.promise(44)
def test_a_users_tree_goes_on_from_our_first_revision(theirs: Project, engine: Engine) -> None:
    """After an update of ours, `alembic upgrade heads` brings what is new; we do not meddle."""
    theirs.alembic("upgrade", "theirs")
    assert FIRST_TABLES | {"customers", "alembic_version"} == tables(engine)
    with pytest.raises(DatabaseMisconfigured, match="alembic upgrade heads in that tree"):
        upgrade(engine)

    theirs.alembic("upgrade", "heads")
    upgrade(engine)
    assert {"theirs", HEAD} == stands_at(engine)
    assert [] == differences(engine)

    theirs.alembic("downgrade", "sourcery@sourcery_0001")
    assert FIRST_TABLES | {"customers", "alembic_version"} == tables(engine)


@HAS_PLUGINS
@pytest.mark.promise(45)
def test_autogenerate_in_that_tree_proposes_nothing(joined: Project) -> None:
    """The user names the branch to go on with, as with any tree of two branches."""
    proposed = joined.autogenerate("second", "--head", "theirs")

    assert 2 == proposed.count("    pass\n")
    assert "op." not in proposed
