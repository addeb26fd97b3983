"""States as bytes: strict cattrs, then JSON, then zstd where it pays and is there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar, cast

from sourcery.codec import JsonCodec, difference
from sourcery.errors import EncodeError

T = TypeVar("T")

#: Bytes above which a state is compressed.
THRESHOLD: Final = 1024
#: Bytes above which it is not: a few stored bytes may claim to be any number, and are not trusted
#: to become more.
LARGEST: Final = 64 * 2**20

JSON: Final = "json"
ZSTD: Final = "json+zstd"


class _Decompressor(Protocol):
    """Of one frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zstd(Protocol):
    """`compression.zstd` of Python 3.14, or its backport."""

    def compress(self, data: bytes) -> bytes: ...

    def get_frame_info(self, frame_buffer: bytes) -> Any: ...

    @property
    def ZstdDecompressor(self) -> Callable[[], _Decompressor]: ...  # noqa: N802 - it is a class


def _find_zstd() -> _Zstd | None:
    """Of the standard library from Python 3.14, or the extra `zstd`."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        return None
    return zstd


class CodecUnknown(Exception):
    """A state is coded in a way that this process cannot read, though others may."""


class Packing:
    """Packs states and unpacks them, all of one store."""

    def __init__(self) -> None:
        self._codec = JsonCodec(strict=True)
        self._zstd = _find_zstd()
        self._readers: dict[type[Any], Callable[[bytes], Any]] = {}

    def check(self, cls: type[Any]) -> None:
        """Raise `DefinitionError` for a class whose state could not be brought back."""
        self._reader(cls)

    def pack(self, state: object) -> tuple[str, bytes]:
        """How it is coded, and the bytes. Raises `EncodeError` for what would come back changed."""
        data = self._codec.dumps(state)
        self._prove(state, data)
        if self._zstd is not None and THRESHOLD < len(data) <= LARGEST:
            return ZSTD, self._zstd.compress(data)
        return JSON, data

    def _prove(self, state: object, data: bytes) -> None:
        """Read it back before anybody trusts it; no hint tells all that reading may change."""
        cls: type[Any] = state.__class__
        try:
            found = difference(state, self._reader(cls)(data))
        except Exception as error:  # noqa: BLE001 - whatever a class does when it is made again
            found = "it", f"could not be read back ({type(error).__name__})"
        if found is not None:
            path, problem = found
            raise EncodeError(cls.__qualname__, path or "it", problem)

    def unpack(self, cls: type[T], codec: str, data: bytes) -> T:
        """The state. Raises `CodecUnknown`, and anything at all for damaged bytes."""
        if codec == ZSTD and self._zstd is not None:
            data = _decompressed(self._zstd, data)
        elif codec != JSON:
            raise CodecUnknown(codec)
        return cast(T, self._reader(cls)(data))

    def _reader(self, cls: type[Any]) -> Callable[[bytes], Any]:
        if cls not in self._readers:
            self._readers[cls] = self._codec.reader(cls)
        return self._readers[cls]


def _decompressed(zstd: _Zstd, data: bytes) -> bytes:
    """The one frame, if it is whole and no larger than what is ever compressed here."""
    if (zstd.get_frame_info(data).decompressed_size or 0) > LARGEST:
        raise ValueError("it would be too large")
    frame = zstd.ZstdDecompressor()
    plain = frame.decompress(data, LARGEST)
    if not frame.eof or frame.unused_data:
        raise ValueError("it is not one whole frame")
    return plain
