"""What a store takes, checks and refuses at its start."""
