"""Every public error: documented, raised with data, and its text made of that data."""

import copy
import inspect
import pickle
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from sourcery import Stream, errors
from sourcery.errors import ConfigurationError, Retryable, SourceryError

ALL: list[type[SourceryError]] = [getattr(errors, name) for name in errors.__all__]
ROOTS = [SourceryError, Retryable, ConfigurationError]
CONCRETE = [error for error in ALL if error not in ROOTS]
#: One value for each type that an error's field has, unlike any other.
VALUES: dict[str, Any] = {
    "str": "Zanzibar",
    "str | None": "Samarkand",
    "int": 4711,
    "int | str": 4712,
    "float": 47.25,
    "UUID | None": UUID(int=4713),
    "int | None": 4714,
    "Any": "Lusaka",
    "Sequence[str]": ["Quito", "Lima"],
    "Sequence[int]": [4715, 4716],
    "datetime": datetime(1869, 11, 17, 10, 30, tzinfo=UTC),
    "Stream": Stream("harbour", "Macao"),
}


def example(error: type[SourceryError]) -> tuple[SourceryError, dict[str, Any]]:
    """An instance, and the value of each of its fields; no two texts are the same."""
    values = {
        field.name: f"{VALUES['str']}{n}" if field.type == "str" else VALUES[str(field.type)]
        for n, field in enumerate(attrs.fields(error))
    }
    return error(**values), values


def shown(value: object) -> list[str]:
    """How a value looks in a text."""
    return list(map(str, value)) if isinstance(value, list) else [str(value)]


def test_every_error_of_the_package_is_public() -> None:
    """`sourcery.errors` names all that its modules define, in alphabetical order but case."""
    modules = [
        errors.base,
        errors.consumers,
        errors.messages,
        errors.read_models,
        errors.setup,
        errors.transfer,
        errors.values,
        errors.work,
    ]
    defined = {
        name
        for module in modules
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, Exception)
    }
    assert defined == set(errors.__all__)


@pytest.mark.parametrize("error", ALL)
def test_an_error_is_documented(error: type[SourceryError]) -> None:
    """In a sentence of its own, and it is one of ours."""
    assert issubclass(error, SourceryError)
    assert error.__doc__
    assert error.__doc__ != error.__mro__[1].__doc__
    assert error.__doc__.strip().endswith(".")


@pytest.mark.parametrize("error", CONCRETE)
def test_an_errors_text_is_made_of_its_attributes(error: type[SourceryError]) -> None:
    """Each is kept under its name and appears in the text."""
    raised, values = example(error)
    assert values
    for name, value in values.items():
        assert value == getattr(raised, name)
        for text in shown(value):
            assert text in str(raised), name


@pytest.mark.parametrize("error", CONCRETE)
def test_an_errors_text_follows_its_attributes(error: type[SourceryError]) -> None:
    """It is built when it is asked for."""
    raised, _ = example(error)
    before = str(raised)
    first = attrs.fields(error)[0].name
    others: dict[type, Any] = {list: ["Oslo"], int: 815, float: 8.5}
    setattr(raised, first, others.get(type(getattr(raised, first)), "Oslo"))
    assert before != str(raised)


@pytest.mark.parametrize("error", CONCRETE)
def test_an_error_crosses_processes(error: type[SourceryError]) -> None:
    """Pickled, as pools do, and copied, it says the same."""
    raised, values = example(error)
    for twin in (pickle.loads(pickle.dumps(raised)), copy.copy(raised)):  # noqa: S301 - our own
        assert type(raised) is type(twin)
        assert str(raised) == str(twin)
        assert values == {name: getattr(twin, name) for name in values}


@pytest.mark.parametrize("error", CONCRETE)
def test_two_errors_are_never_equal(error: type[SourceryError]) -> None:
    """Tracebacks are kept by identity."""
    one, _ = example(error)
    two, _ = example(error)
    assert one != two
    assert 2 == len({one, two})


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.DefinitionError, TypeError),
        (errors.UndeclaredEvent, TypeError),
        (errors.InvalidName, ValueError),
        (errors.InvalidArgument, ValueError),
        (errors.EncodeError, ValueError),
        (errors.DecodeError, ValueError),
        (errors.StreamNotFound, LookupError),
        (errors.ConsumerNotFound, LookupError),
        (errors.TokenRefused, ValueError),
        (errors.WaitTimeout, TimeoutError),
        (errors.RequestUnanswered, TimeoutError),
        (errors.PublisherMisconfigured, ValueError),
        (errors.DriverMissing, ImportError),
    ],
)
def test_an_error_is_also_what_python_would_raise(error: type, builtin: type) -> None:
    """For callers who know nothing of ours."""
    assert issubclass(error, builtin)


def test_only_what_left_nothing_behind_may_be_retried() -> None:
    """`transact` runs these again."""
    expected = {errors.RetryTransaction, errors.UpgradeBlocked, errors.VersionConflict}
    assert expected == {error for error in CONCRETE if issubclass(error, Retryable)}


@pytest.mark.promise(48)
def test_a_long_name_is_cut_short() -> None:
    """A text holds 60 characters of it, in ASCII."""
    text = str(errors.InvalidName("stream id", "á" * 1000, "is too long"))
    assert "stream id '" + r"\xe1" * 60 + "...' is too long" == text
