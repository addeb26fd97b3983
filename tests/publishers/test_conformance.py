"""Every publisher of ours, put through the public kit with a real receiver."""

import pytest

from sourcery.testing.conformance.publishers.suite import *  # noqa: F403 - its tests and fixtures
from tests.publishers.sites import SITES


@pytest.fixture(params=list(SITES))
def site_name(request: pytest.FixtureRequest) -> str:
    """Each of them in turn."""
    return str(request.param)
