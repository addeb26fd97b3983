"""The conformance kit itself: what it proves, where it runs, what it leaves behind."""
