"""Both JSON libraries pass the same tests."""

import pytest

from sourcery.codec import STANDARD, Backend, JsonCodec, orjson_backend

BACKENDS = [backend for backend in (STANDARD, orjson_backend()) if backend is not None]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name, scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """One JSON library."""
    return request.param


@pytest.fixture(scope="session")
def codec(backend: Backend) -> JsonCodec:
    """The codec over it."""
    return JsonCodec(backend)
