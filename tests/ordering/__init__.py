"""Ordering: no reader ever passes an event that may still appear (promises 13 to 17)."""
