"""Upkeep: what jobs and operators do to a store."""
