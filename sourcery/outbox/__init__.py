"""The outbox: messages on their way into it, and its rows.

What reads or deletes rows takes a connection, executes and never commits.
"""

from sourcery.outbox.encoding import TYPE, message
from sourcery.outbox.keys import letter_key
from sourcery.outbox.topics import topics

__all__ = ["TYPE", "letter_key", "message", "topics"]
