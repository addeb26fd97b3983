"""Stored JSON: everything reads back as it was, or is refused by name."""
