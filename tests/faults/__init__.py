"""Subscribers in processes of their own, harmed in every way: promises 21, 22, 27 and 49."""
