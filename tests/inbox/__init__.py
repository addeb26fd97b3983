"""The inbox: a message of a broker's takes effect once."""
