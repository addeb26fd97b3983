"""The unit of work: its life, its own and a caller's transaction, faults, tokens."""
