"""Tokens travel as JSON through headers and cookies, and come back from anybody."""

import json

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from sourcery import Token
from sourcery.errors import InvalidArgument

ID = "01234567-89ab-7def-8123-456789abcdef"
GOOD = {
    "store_id": "s",
    "generation": 1,
    "first": 5,
    "last": 7,
    "buckets": [3, 1023],
    "event_id": ID,
}
number = st.integers(0, 2**63 - 1)
tokens = st.builds(
    Token,
    store_id=st.text(st.characters(exclude_categories=["Cs"])),
    generation=number,
    first=number,
    last=number,
    buckets=st.lists(st.integers(0, 1023)).map(tuple),
    event_id=st.none() | st.uuids().map(str),
)


@pytest.mark.promise(29)
@for_all(tokens)
def test_a_token_survives_a_trip_through_json(token: Token) -> None:
    """As text and as bytes."""
    text = token.to_json()
    assert token == Token.from_json(text)
    assert token == Token.from_json(text.encode())


@pytest.mark.promise(29)
def test_a_token_is_one_short_line_of_ascii() -> None:
    """Fit for a header."""
    text = Token.from_json(json.dumps(GOOD)).to_json()
    assert GOOD == json.loads(text)
    assert text.isascii()
    assert not set(text) & set(" \n\r")


NO_NUMBERS = [True, 1.5, "5", -1, 2**63, float("inf"), None, [5]]
WRONG = {
    "store_id": [5, None, ["s"]],
    "generation": NO_NUMBERS,
    "first": NO_NUMBERS,
    "last": NO_NUMBERS,
    "buckets": ["12", [1024], [-1], ["1"], [[1]], [True], 5, None],
    "event_id": [5, "no-uuid", "", ["s"]],
}


@pytest.mark.promise(29)
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_a_field_of_another_type_or_size_is_refused(name: str, value: object) -> None:
    """Nothing is bent into a number or a text."""
    with pytest.raises(InvalidArgument, match="token: is not a token's JSON"):
        Token.from_json(json.dumps(GOOD | {name: value}))


@pytest.mark.promise(29)
@pytest.mark.parametrize("name", GOOD)
def test_a_missing_field_is_refused(name: str) -> None:
    """By its name."""
    with pytest.raises(InvalidArgument, match=f"JSON \\(without {name}\\)"):
        Token.from_json(json.dumps({key: GOOD[key] for key in GOOD if key != name}))


@pytest.mark.promise(29)
def test_all_that_is_missing_is_named() -> None:
    """In the order of the fields."""
    with pytest.raises(InvalidArgument, match=f"without {', '.join(GOOD)}"):
        Token.from_json("{}")


@pytest.mark.promise(29)
@pytest.mark.parametrize(
    "text",
    ["", "null", "5", "[]", "{", '"token"', b"\xff", "[" * 100_000, "9" * 5000, None],
    ids=lambda text: repr(text)[:12],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    """With one typed error, however it is broken."""
    with pytest.raises(InvalidArgument, match="token: is not a token's JSON"):
        Token.from_json(text)
