"""What ships, and that it works where only it is."""
