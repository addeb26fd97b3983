"""Stress of the ordering rule: the load, its reader and writers, and the count of faults."""
