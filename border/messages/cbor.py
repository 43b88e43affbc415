"""The strict subset of CBOR (RFC 8949) that crosses the border: maps with text keys, arrays, scalars, no tags."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Never

import cbor2

from border.messages.errors import MessageError

MAX_DEPTH = 24
"""Nesting of arrays and maps; our deepest message has 7 levels."""

_BUILT_IN_TAGS = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100),
    *(256, 258, 260, 261, 1004, 43000, 55799),
)
"""Tags cbor2 would turn into objects by itself (big numbers, patterns, shared references): each is refused."""


def _refuse_tag(*_: object) -> Never:
    raise ValueError("tag")


def dump(item: object) -> bytes:
    """Deterministic bytes: shortest lengths, definite, map keys in bytewise order of their encoding.

    Finite floats take 8 bytes; NaN and the infinities their only 2-byte form. Maps with text keys only.
    """
    return cbor2.dumps(_ordered(item))


def load(data: bytes, max_bytes: int, *, text_keys: bool = True) -> Any:
    """One item that fills `data` exactly: dict or frozendict, list or tuple, str, bytes, int, float, bool, None.

    `text_keys=False` is for COSE headers, whose labels are numbers. Raises MessageError: too_large, bad_cbor.
    """
    if len(data) > max_bytes:
        raise MessageError("too_large")
    source = BytesIO(data)
    decoder = cbor2.CBORDecoder(
        source,
        tag_hook=_refuse_tag,
        semantic_decoders=dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag),
        max_depth=MAX_DEPTH,
        allow_indefinite=False,
        allow_duplicate_keys=False,
        strict_hashable_types=text_keys,
    )
    try:
        item = decoder.decode()
    except cbor2.CBORDecodeError:
        raise MessageError("bad_cbor") from None  # its text quotes the data
    if source.tell() != len(data):
        raise MessageError("bad_cbor")
    return item


def _ordered(item: object) -> object:
    if isinstance(item, dict):
        keys = sorted(item, key=lambda key: (len(key.encode()), key.encode()))
        return {key: _ordered(item[key]) for key in keys}
    if isinstance(item, list):
        return [_ordered(each) for each in item]
    return item
