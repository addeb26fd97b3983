"""The conformance kit: every promise of the library as a named test, to run on a database of yours.

    pytest --pyargs sourcery.testing.conformance --sourcery-url postgresql://localhost/scratch

`PROMISES` is what is proved. The tests need pytest (`pip install "sourcery-events[conformance]"`);
importing this package does not.
"""

from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.promises import PROMISES, Promise

__all__ = ["PROMISES", "Database", "Promise"]
