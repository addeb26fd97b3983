"""The one event that the tests of ordering append."""

from attrs import frozen

from sourcery import event


@event("ordering.happened")
@frozen
class Happened:
    """Something, with a number to tell it from others."""

    number: int = 0
