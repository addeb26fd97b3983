"""Other libraries on the same payload: each script runs in an environment of its own."""
