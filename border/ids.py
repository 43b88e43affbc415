"""Identifiers: UUIDv7 for records (RFC 9562), and the short number that is said aloud at the counter."""

from __future__ import annotations

import hashlib

RANDOM_BYTES = 10
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # no I, O, S: printed, they pass for 1, 0, 5
_DIGITS = "2346789"


def uuid7(wall_ms: int, random: bytes) -> str:
    """A UUIDv7 in text form. `wall_ms`: Unix time, 48 bits; `random`: at least 10 fresh random bytes, 74 bits used.

    Ids of later milliseconds sort after earlier ones, as text too. Raises ValueError outside these bounds.
    """
    if not 0 <= wall_ms < 1 << 48:
        raise ValueError("a UUIDv7 holds 48 bits of milliseconds")
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a UUIDv7 wants {RANDOM_BYTES} random bytes")
    noise = int.from_bytes(random[:RANDOM_BYTES], "big")
    rand_a, rand_b = noise >> 68, noise & ((1 << 62) - 1)
    number = wall_ms << 80 | 7 << 76 | rand_a << 64 | 2 << 62 | rand_b
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def receipt_number(encounter_id: str) -> str:
    """Three signs, a dash, three digits ("7K4-203"): enough to find one traveller among today's, not to identify him.

    Made from the id, so that kiosk, post and centre show the same without agreeing on it.
    """
    number = int.from_bytes(hashlib.sha256(encounter_id.encode()).digest()[:8], "big")
    number, tail = divmod(number, 1000)
    signs = []
    for alphabet in (_DIGITS, _LETTERS, _DIGITS):  # letters never meet, so that they spell nothing
        number, sign = divmod(number, len(alphabet))
        signs.append(alphabet[sign])
    return f"{''.join(signs)}-{tail:03}"
