"""Projections on demand, and states of the past."""
