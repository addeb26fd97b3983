"""Shards, leases and fair share of a subscriber: promises 22, 23, 27, 28 and 49."""
