"""Read models in versions."""
