"""A process that a broker feeds: run as `python -m ...programs.receiver`.

Reads ids from its standard input, one a line, and writes each back when it is handled, and whether
it was new: the acknowledgement. What each message does would be seen if it were done twice.
"""

import sys

from sourcery import EventStore, Stream, UnitOfWork, accepting
from sourcery.testing.conformance.domain import Remarked
from sourcery.testing.conformance.programs.program import url_given


def main() -> None:
    """Handle deliveries until the input ends."""
    with EventStore(url_given(), events=Remarked) as store:

        @accepting(store, consumer="remarks")
        def remark(uow: UnitOfWork, text: str) -> None:
            uow.append(Stream("remark", text), [Remarked(text)])
            uow.publish("remarks", payload=text)

        for line in sys.stdin:
            text = line.strip()
            is_new = remark(text, text)
            sys.stdout.write(f"{text} {'new' if is_new else 'repeat'}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
