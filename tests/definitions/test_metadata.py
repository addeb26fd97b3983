"""Metadata comes from the context it is recorded in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sourcery import Metadata, metadata
from sourcery.aggregate import take_recorded
from sourcery.context import current_metadata, decode_metadata
from sourcery.errors import EncodeError
from tests.domain import Account


def test_without_a_block_nothing_is_set() -> None:
    """And nothing is stored but an empty object."""
    assert Metadata() == current_metadata()
    assert "{}" == Metadata().encoded


def test_blocks_nest() -> None:
    """A field not named keeps its value; the end of a block restores what was before."""
    with metadata(actor="ada", correlation_id="1"):
        with metadata(actor="bob", causation_id="2") as inner:
            assert Metadata(correlation_id="1", causation_id="2", actor="bob") == inner
            assert inner == current_metadata()
        assert Metadata(correlation_id="1", actor="ada") == current_metadata()
    assert Metadata() == current_metadata()


def test_an_exception_ends_a_block_too() -> None:
    """It passes through."""
    with pytest.raises(KeyError), metadata(actor="ada"):
        raise KeyError
    assert Metadata() == current_metadata()


def test_an_event_has_the_metadata_of_the_moment_it_was_recorded() -> None:
    """Not of the moment it is written."""
    account = Account()
    with metadata(actor="ada"):
        account.deposit(1)
    with metadata(actor="bob"):
        account.deposit(2)
        assert ["ada", "bob"] == [with_it.actor for _, with_it in take_recorded(account)]


def test_threads_and_tasks_have_their_own() -> None:
    """A new thread begins with nothing, a task with a copy that nobody else sees."""

    async def task(name: str) -> str | None:
        with metadata(actor=name):
            await asyncio.sleep(0)
            return current_metadata().actor

    async def both() -> list[str | None]:
        return await asyncio.gather(task("ada"), task("bob"))

    with metadata(actor="eve"), ThreadPoolExecutor(1) as pool:
        assert Metadata() == pool.submit(current_metadata).result()
        assert ["ada", "bob"] == asyncio.run(both())
        assert "eve" == current_metadata().actor


@pytest.mark.parametrize("name", ["correlation_id", "causation_id", "actor", "traceparent"])
@pytest.mark.parametrize("value", [5, b"ada", ["ada"]])
def test_a_field_is_a_string(name: str, value: Any) -> None:
    """Refused where it is set, by the field's name."""
    with pytest.raises(EncodeError, match=f"'metadata' cannot be stored: {name}: must be a string"):
        metadata(**{name: value}).__enter__()
    assert Metadata() == current_metadata()


def test_what_is_no_text_is_refused() -> None:
    """A lone surrogate has no UTF-8."""
    with pytest.raises(EncodeError, match="lone surrogate"):
        Metadata(actor="\udc00").encoded  # noqa: B018 - the property is what raises


@pytest.mark.parametrize(
    "given",
    [
        Metadata(),
        Metadata(actor="áda \N{SNOWMAN} \"'\\ \0"),
        Metadata(correlation_id="1", causation_id="2", actor="3", traceparent="4"),
        Metadata(actor=""),
    ],
)
def test_stored_metadata_reads_back(given: Metadata) -> None:
    """As text and as bytes."""
    assert given == decode_metadata(given.encoded)
    assert given == decode_metadata(given.encoded.encode())


def test_fields_of_a_later_release_are_passed_over() -> None:
    """An old reader goes on."""
    assert Metadata(actor="ada") == decode_metadata('{"actor":"ada","tenant":{"id":5}}')
