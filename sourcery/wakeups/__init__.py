"""Wake-ups: who waits for a store looks as soon as something was committed.

Polling is what is correct; all of this only makes the wait shorter, and none of it is ever in
the way of a commit. Inside the process it is a `Signal`; on PostgreSQL there are also a
connection and a thread that notify other processes, and while somebody waits, one of each that
listen.
"""

from sourcery.wakeups.wakeups import Wakeups

__all__ = ["Wakeups"]
