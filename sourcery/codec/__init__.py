"""How events and payloads become JSON, and how stored JSON becomes events again."""

from sourcery.codec.backend import STANDARD, Backend, default_backend, orjson_backend
from sourcery.codec.decoder import Decoder, RowDecoder
from sourcery.codec.definition import names_nothing
from sourcery.codec.encoder import encode_event
from sourcery.codec.fingerprint import fingerprint
from sourcery.codec.json import JsonCodec, check_state
from sourcery.codec.msgspec import MsgspecCodec
from sourcery.codec.protocol import Codec
from sourcery.codec.same import difference
from sourcery.codec.upcast import Part, Upcaster, rename, upcast
from sourcery.codec.upcasters import Upcasters

__all__ = [
    "STANDARD",
    "Backend",
    "Codec",
    "Decoder",
    "JsonCodec",
    "MsgspecCodec",
    "Part",
    "RowDecoder",
    "Upcaster",
    "Upcasters",
    "check_state",
    "default_backend",
    "difference",
    "encode_event",
    "fingerprint",
    "names_nothing",
    "orjson_backend",
    "rename",
    "upcast",
]
