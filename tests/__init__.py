"""Our own tests; run them with `pytest` in the checkout."""
