"""The conformance kit on the databases of `[db]`."""
