"""Relays in front of real brokers that fail: promises 37 to 39, and what the brokers then hold."""
