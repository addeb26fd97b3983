"""Measurements. They print ratios against a reference of the same run, never promises."""
