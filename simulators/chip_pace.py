"""The chip's side of PACE (ICAO 9303-11, 4.4): generic mapping, and chip authentication mapping."""

from __future__ import annotations

import os
import secrets

from simulators.chip_crypto import Messaging, derived, padded, sealed, tlv, token
from simulators.chip_curves import CURVES, Point, x_of
from simulators.chip_keys import CAM, CaKey, PaceWay


class PaceRun:
    """Four commands, in their order."""

    def __init__(self, way: PaceWay, secret: bytes, cam_key: CaKey | None) -> None:
        self._way = way
        self._curve = CURVES[way.curve]
        self._cam_key = cam_key
        self._nonce = os.urandom(32 if way.arc > 2 else 16)
        self._key = derived(way.arc, secret, 3)
        self._mapping = self._ephemeral = 1 + secrets.randbelow(self._curve.n - 1)
        self._generator: Point = None
        self._own = b""
        self._theirs = b""
        self._messaging: Messaging | None = None
        self._wanted = 0x00
        self.done: Messaging | None = None

    def step(self, given: dict[int, bytes]) -> bytes | None:
        """None: the token is wrong. ValueError, KeyError: out of order, or nonsense."""
        wanted, self._wanted = self._wanted, {0x00: 0x81, 0x81: 0x83, 0x83: 0x85, 0x85: 0xFF}[self._wanted]
        if wanted == 0x00:
            block = bytes(8 if self._way.arc == 1 else 16)
            return tlv(0x80, sealed(self._way.arc, self._key, block, self._nonce))
        return {0x81: self._map, 0x83: self._agree, 0x85: self._finish}[wanted](given[wanted])

    def _map(self, data: bytes) -> bytes:
        curve = self._curve
        shared = curve.times(self._mapping, curve.read(data))
        self._generator = curve.plus(curve.times(int.from_bytes(self._nonce, "big") % curve.n, curve.g), shared)
        return tlv(0x82, curve.written(curve.times(self._mapping, curve.g)))

    def _agree(self, data: bytes) -> bytes:
        curve = self._curve
        self._ephemeral = 1 + secrets.randbelow(curve.n - 1)
        self._own, self._theirs = curve.written(curve.times(self._ephemeral, self._generator)), data
        shared = curve.times(self._ephemeral, curve.read(data))
        self._messaging = Messaging.over(self._way.arc, x_of(curve, shared))
        return tlv(0x84, self._own)

    def _finish(self, data: bytes) -> bytes | None:
        assert self._messaging is not None
        arc, mac = self._way.arc, self._messaging.mac
        if data != token(arc, mac, self._way.oid, self._own):
            return None
        self.done = self._messaging
        return tlv(0x86, token(arc, mac, self._way.oid, self._theirs)) + self._cam()

    def _cam(self) -> bytes:
        if self._way.mapping != CAM or self._cam_key is None or self._messaging is None:
            return b""
        factor = self._mapping * pow(self._cam_key.secret, -1, self._curve.n) % self._curve.n
        arc, key, block = self._way.arc, self._messaging.enc, 8 if self._way.arc == 1 else 16
        iv = sealed(arc, key, bytes(block), b"\xff" * block)
        return tlv(0x8A, sealed(arc, key, iv, padded(arc, factor.to_bytes(self._curve.width, "big"))))
