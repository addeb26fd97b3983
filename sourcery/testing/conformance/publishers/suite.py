"""All tests of a publisher, for `import *`: promises 38 and 39.

They ask for a fixture `site`, which whoever imports them makes.
"""

from sourcery.testing.conformance.publishers.arrivals import *  # noqa: F403 - tests and fixtures
from sourcery.testing.conformance.publishers.harm import *  # noqa: F403 # pyright: ignore[reportGeneralTypeIssues] - both know SENT
