"""Histories from elsewhere, brought in in bulk."""
