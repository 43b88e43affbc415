"""Sealing to a reader's key with HPKE (RFC 9180): ML-KEM-768 with X25519, HKDF-SHA256, AES-256-GCM."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from border.messages.errors import MessageError

SUITE_BYTE = b"\x01"
"""First byte of everything sealed; another suite would get another number."""

KEY_TAG_BYTES = 8
OVERHEAD_BYTES = 1 + KEY_TAG_BYTES + 1120 + 16
"""Sealed length minus plain length: suite, key tag, encapsulated key, authentication tag."""

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_MLKEM_PUBLIC, _MLKEM_SEED, _X25519 = 1184, 64, 32
_PUBLIC_LABEL, _PRIVATE_LABEL = "LANDFALL SEALING PUBLIC KEY", "LANDFALL SEALING PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class RecipientPublic:
    """Whom to seal to. `raw`: ML-KEM-768 public key (1184 bytes), then X25519 public key (32 bytes)."""

    raw: bytes

    def __post_init__(self) -> None:
        _hybrid_public(self.raw)

    @property
    def tag(self) -> bytes:
        """8 bytes that tell the reader which of its keys to take: the start of the key's SHA-256."""
        return hashlib.sha256(self.raw).digest()[:KEY_TAG_BYTES]

    def dump(self) -> bytes:
        return _armour(_PUBLIC_LABEL, self.raw)

    @classmethod
    def load(cls, text: bytes) -> RecipientPublic:
        """From `dump`'s text. Raises MessageError("bad_key")."""
        return cls(_unarmour(_PUBLIC_LABEL, text))


@dataclass(frozen=True, slots=True)
class RecipientPrivate:
    """Who can unseal. `raw`: ML-KEM-768 seed (64 bytes), then X25519 private key (32 bytes)."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != _MLKEM_SEED + _X25519:
            raise MessageError("bad_key")

    def __repr__(self) -> str:
        return "<sealing private key>"

    @classmethod
    def generate(cls) -> RecipientPrivate:
        return cls(os.urandom(_MLKEM_SEED + _X25519))

    def public(self) -> RecipientPublic:
        kem, dh = _private_pair(self.raw)
        return RecipientPublic(kem.public_key().public_bytes_raw() + dh.public_key().public_bytes_raw())

    def dump(self) -> bytes:
        """Not encrypted: the file's mode and place must guard it."""
        return _armour(_PRIVATE_LABEL, self.raw)

    @classmethod
    def load(cls, text: bytes) -> RecipientPrivate:
        """From `dump`'s text. Raises MessageError("bad_key")."""
        return cls(_unarmour(_PRIVATE_LABEL, text))


def seal(plaintext: bytes, recipient: RecipientPublic, aad: bytes) -> bytes:
    """Only `recipient` can open it, and only by naming the same `aad` (what it is and where it belongs)."""
    sealed = _SUITE.encrypt(plaintext, _hybrid_public(recipient.raw), info=_info(aad))
    return SUITE_BYTE + recipient.tag + sealed


def unseal(sealed: bytes, recipient: RecipientPrivate, aad: bytes) -> bytes:
    """The plain bytes. Raises MessageError: wrong_recipient when sealed to another key, else cannot_unseal."""
    if len(sealed) < OVERHEAD_BYTES or sealed[:1] != SUITE_BYTE:
        raise MessageError("cannot_unseal")
    if sealed[1 : 1 + KEY_TAG_BYTES] != _own_tag(recipient.raw):
        raise MessageError("wrong_recipient")
    kem, dh = _private_pair(recipient.raw)
    try:
        return _SUITE.decrypt(sealed[1 + KEY_TAG_BYTES :], MLKEM768X25519PrivateKey(kem, dh), info=_info(aad))
    except InvalidTag:
        raise MessageError("cannot_unseal") from None


def _info(aad: bytes) -> bytes:
    # A one-shot context is used for one message, so binding by `info` (key schedule) equals binding by AAD.
    return b"landfall/1/sealed/" + aad


@lru_cache(maxsize=4)  # making the pair from its seed costs as much as opening a picture with it
def _private_pair(raw: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    seed, scalar = raw[:_MLKEM_SEED], raw[_MLKEM_SEED:]
    return MLKEM768PrivateKey.from_seed_bytes(seed), X25519PrivateKey.from_private_bytes(scalar)


@lru_cache(maxsize=4)
def _own_tag(raw: bytes) -> bytes:
    return RecipientPrivate(raw).public().tag


def _hybrid_public(raw: bytes) -> MLKEM768X25519PublicKey:
    try:
        kem = MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC])
        return MLKEM768X25519PublicKey(kem, X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]))
    except ValueError:
        raise MessageError("bad_key") from None


def _armour(label: str, raw: bytes) -> bytes:
    body = base64.encodebytes(raw).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def _unarmour(label: str, text: bytes) -> bytes:
    found = re.search(rf"-----BEGIN {label}-----\s(.*?)-----END {label}-----".encode(), text, re.DOTALL)
    if found is None:
        raise MessageError("bad_key")
    try:
        return base64.b64decode(b"".join(found[1].split()), validate=True)
    except binascii.Error:
        raise MessageError("bad_key") from None
