"""Connections that break at each request in turn: promises 27, 37 and 43, and rule 13."""
