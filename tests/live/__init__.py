"""Projections kept current in memory."""
