"""Copies of a database: what has effects elsewhere stands still in one."""
