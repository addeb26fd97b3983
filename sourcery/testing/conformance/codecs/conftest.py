"""The library's own codec, over each JSON library that is installed."""

from __future__ import annotations

import pytest

from sourcery.codec import STANDARD, Backend, Codec, JsonCodec, orjson_backend

BACKENDS = [backend for backend in (STANDARD, orjson_backend()) if backend is not None]


@pytest.fixture(scope="session", params=BACKENDS, ids=lambda backend: backend.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    """The codec that the tests are about."""
    backend: Backend = request.param
    return JsonCodec(backend)
