"""Snapshots of aggregates: when they are taken, when they are used, what cannot go wrong."""
