"""Appending: versions, expectations, atomicity, event ids, what can be stored."""
