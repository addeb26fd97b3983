"""The relay: what leaves, in which order, and what becomes of messages that do not."""
