"""Guards of speed that no clock decides: statements, plans, memory."""
