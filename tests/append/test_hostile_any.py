"""Any text at all as a name, and any JSON as a payload: stored faithfully, or refused.

`SOURCERY_EXAMPLES=2000 pytest tests/append/test_hostile_any.py` tries so many.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sourcery import EventStore, Stream, UnitOfWork, metadata
from sourcery.errors import EncodeError, InvalidName
from sourcery.schema import events, outbox
from tests.domain import Remarked

pytestmark = pytest.mark.promise(47)

#: With lone surrogates and NUL, which no database takes; each example is one transaction.
names = st.text(st.characters(exclude_categories=()), max_size=260)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=int(os.environ.get("SOURCERY_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(category=names, id=names, topic=names, key=names, actor=names, value=values)
def test_anything_is_stored_faithfully_or_refused(
    bank: EventStore, category: str, id: str, topic: str, key: str, actor: str, value: Any
) -> None:
    """Nothing is written of what is refused; the rest is there to the last character."""
    before = newest(bank)
    try:
        with metadata(actor=actor), UnitOfWork(bank) as uow:
            uow.append(Stream(category, id), [Remarked(actor, extra=value)])
            uow.publish(topic, key=key, payload=value, headers={"h": actor})
    except (InvalidName, EncodeError):
        assert before == newest(bank)
        return
    [found] = bank.read(after=before[0], events=Remarked)
    stream = (found.stream.category, found.stream.id)
    assert (category, id, actor) == (*stream, found.metadata.actor)
    assert (actor, repr(value)) == (found.event.text, repr(found.event.extra))
    assert (topic, key) == newest(bank)[2:]


def newest(store: EventStore) -> tuple[Any, ...]:
    """Positions of the newest event and message, topic and key."""
    last = select(outbox.c.position, outbox.c.topic, outbox.c.key).order_by(
        outbox.c.position.desc()
    )
    with store.database.reading() as connection:
        position = connection.scalar(select(events.c.position).order_by(events.c.position.desc()))
        return (position or 0, *(connection.execute(last.limit(1)).one_or_none() or (0, "", "")))
