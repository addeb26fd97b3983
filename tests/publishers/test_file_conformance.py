"""The publisher of files, put through the public kit."""

from pathlib import Path

import pytest

from sourcery.testing.conformance.publishers.suite import *  # noqa: F403 - its tests and fixtures
from tests.publishers.sites.file import FileSite


@pytest.fixture
def site(tmp_path: Path) -> FileSite:
    """A folder of the test's own."""
    return FileSite(tmp_path)
