"""Subscribers: pages as units of work, start, filters, failures, letters, stop."""
