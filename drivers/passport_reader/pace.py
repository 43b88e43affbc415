"""PACE with generic mapping over elliptic curves, and with chip authentication mapping (9303-11, 4.4): values only.

The order of the steps is that of the methods of `Pace`; what the chip sends goes in, what it is sent comes out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from drivers.api import Private
from drivers.passport_reader import tlv
from drivers.passport_reader.curves import Curve, Point
from drivers.passport_reader.secure_messaging import PASSWORD, SessionKeys, decrypt, encrypt, kdf, mac, unpad
from drivers.passport_reader.security_infos import EcKey, PaceInfo, SecurityInfo, chip_keys
from drivers.passport_reader.tlv import Malformed

MRZ_REFERENCE, CAN_REFERENCE = 1, 2
MAX_NONCE_BYTES = 64
Draw = Callable[[int], int]
"""A whole number from 0 up to below the given one."""


class WrongSecret(Exception):
    """The chip's token is not that of this secret: the secret is wrong, or somebody stands between."""


def mrz_secret(mrz: str) -> Private[bytes]:
    return Private(hashlib.sha1(mrz.encode("ascii", "replace")).digest())  # noqa: S324 - the standard's


def can_secret(can: str) -> Private[bytes]:
    return Private(can.encode("ascii", "replace"))


class Pace:
    """One run with one secret. Every method that takes bytes of the chip raises `Malformed`."""

    def __init__(self, info: PaceInfo, secret: Private[bytes], draw: Draw = secrets.randbelow) -> None:
        self._info = info
        self._curve = info.curve
        self._secret = secret
        self._draw = draw
        self._nonce = 0
        self._mapping_key = self._scalar()
        self._mapped_by_chip: Point | None = None
        self._generator: Point | None = None
        self._ephemeral_key = 0
        self._own: Point | None = None
        self._of_chip: Point | None = None
        self._keys: SessionKeys | None = None

    @property
    def proves_chip(self) -> bool:
        """Is this chip authentication mapping: must a proof come with the chip's token?"""
        return self._info.chip_authentication

    def take_nonce(self, encrypted: bytes) -> bytes:
        """In: the encrypted nonce. Out: our mapping key."""
        if len(encrypted) > MAX_NONCE_BYTES:
            raise Malformed(f"a nonce of {len(encrypted)} bytes")
        suite = self._info.suite
        key = kdf(suite, self._secret.value, PASSWORD)
        self._nonce = int.from_bytes(decrypt(suite, key, bytes(suite.block), encrypted), "big")
        return self._curve.encode(self._curve.multiply(self._mapping_key, self._curve.generator))

    def take_mapping(self, data: bytes) -> bytes:
        """In: the chip's mapping key. Out: our ephemeral key, on the mapped generator."""
        curve = self._curve
        self._mapped_by_chip = curve.decode(data)
        shared = curve.multiply(self._mapping_key, self._mapped_by_chip)
        # a nonce that is a multiple of the order maps to the shared point itself
        mapped = curve.multiply(self._nonce, curve.generator) if self._nonce % curve.n else None
        self._generator = shared if mapped is None else curve.add(mapped, shared)
        self._ephemeral_key = self._scalar()
        self._own = curve.multiply(self._ephemeral_key, self._generator)
        return curve.encode(self._own)

    def take_key(self, data: bytes) -> bytes:
        """In: the chip's ephemeral key. Out: our token."""
        assert self._own is not None
        point = self._curve.decode(data)
        if point == self._own:
            raise Malformed("the chip sent our own key back")
        self._of_chip = point
        shared = self._curve.multiply(self._ephemeral_key, point)
        secret = shared.x.to_bytes(self._curve.size, "big")
        self._keys = SessionKeys.derive(self._info.suite, secret)
        return self._token(point)

    def take_token(self, token: bytes) -> SessionKeys:
        """In: the chip's token. Out: the keys of the channel. Raises `WrongSecret`."""
        assert self._own is not None and self._keys is not None
        if not hmac.compare_digest(self._token(self._own), token):
            raise WrongSecret
        return self._keys

    def chip_proved(self, encrypted: bytes, infos: list[SecurityInfo]) -> bool:
        """Chip authentication mapping (9303-11, 4.4.3.5.2): does the chip hold the secret of a key of `infos`?"""
        assert self._keys is not None and self._mapped_by_chip is not None
        suite, key = self._info.suite, self._keys.enc.value
        iv = encrypt(suite, key, bytes(suite.block), b"\xff" * suite.block)
        factor = int.from_bytes(unpad(decrypt(suite, key, iv, encrypted)), "big")
        keys = [each.key for each in chip_keys(infos) if each.key is not None and each.key.curve == self._curve]
        return any(_maps(self._curve, factor, each, self._mapped_by_chip) for each in keys)

    def _token(self, point: Point) -> bytes:
        """Over the public key of the other side (9303-11, 4.4.3.4)."""
        assert self._keys is not None
        oid = tlv.encode(0x06, tlv.undotted(self._info.oid))
        data = tlv.encode(0x7F49, oid + tlv.encode(0x86, self._curve.encode(point)))
        return mac(self._info.suite, self._keys.mac.value, data)

    def _scalar(self) -> int:
        return 1 + self._draw(self._curve.n - 1)


def _maps(curve: Curve, factor: int, key: EcKey, mapped: Point) -> bool:
    return factor % curve.n != 0 and curve.multiply(factor, key.point) == mapped
