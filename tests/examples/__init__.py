"""The small examples, run as they are."""
