"""Seeing and steering consumers."""
