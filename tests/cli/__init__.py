"""The command line, on real databases."""
