"""Prove a publisher: a `Site` that reads your broker, and the tests of `suite` about it.

    from sourcery.testing.conformance.publishers.suite import *  # the tests
    from sourcery.testing.conformance.publishers import Received, Site

    class MySite(Site): ...

    @pytest.fixture
    def site() -> Iterator[Site]:
        with MySite() as site:
            yield site

A test that needs more than the site can do is skipped, and says what the site lacks.
"""

import pytest

# pytest explains an assertion that fails only in modules that it rewrites, and these have no name
# of those that it collects.
pytest.register_assert_rewrite(f"{__name__}.arrivals", f"{__name__}.harm")

from sourcery.testing.conformance.publishers.site import Received, Site  # noqa: E402 - see above

__all__ = ["Received", "Site"]
