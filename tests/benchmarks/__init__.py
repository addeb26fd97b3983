"""The benchmarks run, and find what they expect; how fast is not asked here."""
