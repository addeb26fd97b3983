"""Both JSON libraries, and the codec that reads faster, pass the same tests."""

import pytest

from sourcery.codec import STANDARD, Backend, JsonCodec, orjson_backend
from sourcery.codec.msgspec import MsgspecCodec

BACKENDS = [backend for backend in (STANDARD, orjson_backend()) if backend is not None]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name, scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """One JSON library."""
    return request.param


CODECS = {backend.name: JsonCodec(backend) for backend in BACKENDS} | {"msgspec": MsgspecCodec()}


@pytest.fixture(params=CODECS, scope="session")
def codec(request: pytest.FixtureRequest) -> JsonCodec:
    """One codec."""
    return CODECS[request.param]
