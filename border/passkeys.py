"""What a roster keeps of an officer's passkey: a public key, its name, and how often it had signed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

AAGUID_BYTES, LENGTH_BYTES = 16, 2
MAX_CREDENTIAL = 4096


@dataclass(frozen=True, slots=True)
class Passkey:
    """`credential`: WebAuthn's attested credential data (AAGUID, id with its length, COSE key)."""

    credential: bytes
    sign_count: int = 0  # the highest that is known

    def __post_init__(self) -> None:
        if not self.id or len(self.credential) > MAX_CREDENTIAL or self.sign_count < 0:
            raise ValueError("a passkey has an id, a key, and a count that is not negative")

    @property
    def id(self) -> bytes:
        starts = AAGUID_BYTES + LENGTH_BYTES
        length = int.from_bytes(self.credential[AAGUID_BYTES:starts])
        return self.credential[starts : starts + length]

    @property
    def fingerprint(self) -> str:
        """By which people compare it: 16 hexadecimal digits of the SHA-256 of `credential`."""
        return hashlib.sha256(self.credential).hexdigest()[:16]


def from_row(row: Mapping[str, object]) -> Passkey:
    """A table of the roster. Raises ValueError."""
    told, count = row.get("credential"), row.get("sign_count")
    if not isinstance(told, str) or not isinstance(count, int) or isinstance(count, bool):
        raise ValueError("a passkey wants credential and sign_count")
    try:
        return Passkey(base64.b64decode(told, altchars=b"-_", validate=True), count)
    except binascii.Error as error:
        raise ValueError(f"credential: {error}") from error


def as_row(passkey: Passkey) -> Mapping[str, str | int]:
    return {
        "credential": base64.urlsafe_b64encode(passkey.credential).decode("ascii"),
        "sign_count": passkey.sign_count,
    }
