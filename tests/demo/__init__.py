"""The flights demo, as its users run it."""
