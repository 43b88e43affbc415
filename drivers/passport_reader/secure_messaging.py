"""Secure messaging of ICAO 9303-11 (9.8): 3DES with the retail MAC, AES with CMAC. Commands in, commands out.

`Session` is pure; `Channel` is the link of the chain around it. One wrong byte ends a channel for good.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from enum import StrEnum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from drivers.api import Private
from drivers.deadline import Deadline
from drivers.errors import DeviceError, WireCorrupt
from drivers.passport_reader import tlv
from drivers.passport_reader.apdu import LONG_LE, OK, SHORT_DATA, SHORT_LE, Command, Link, Response
from drivers.passport_reader.tlv import Malformed

MAC_BYTES = 8
ENC, MAC, PASSWORD = 1, 2, 3  # counters of the key derivation function


class Suite(StrEnum):
    """A cipher with its MAC, named as at the end of the standard's object identifiers."""

    DES3 = "3DES-CBC-CBC"
    AES_128 = "AES-CBC-CMAC-128"
    AES_192 = "AES-CBC-CMAC-192"
    AES_256 = "AES-CBC-CMAC-256"

    @property
    def block(self) -> int:
        return 8 if self is Suite.DES3 else 16

    @property
    def key_bytes(self) -> int:
        return {Suite.AES_192: 24, Suite.AES_256: 32}.get(self, 16)


BY_ARC = {1: Suite.DES3, 2: Suite.AES_128, 3: Suite.AES_192, 4: Suite.AES_256}
"""The last arc of an object identifier of PACE or chip authentication."""


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Two keys of one suite; they print as their type."""

    suite: Suite
    enc: Private[bytes]
    mac: Private[bytes]

    @staticmethod
    def derive(suite: Suite, secret: bytes) -> SessionKeys:
        return SessionKeys(suite, Private(kdf(suite, secret, ENC)), Private(kdf(suite, secret, MAC)))


def kdf(suite: Suite, secret: bytes, counter: int) -> bytes:
    """9303-11, 9.7.1."""
    seed = secret + counter.to_bytes(4, "big")
    if suite in (Suite.AES_192, Suite.AES_256):
        return hashlib.sha256(seed).digest()[: suite.key_bytes]
    key = hashlib.sha1(seed).digest()[:16]  # noqa: S324 - the standard's
    return _odd(key) if suite is Suite.DES3 else key


def _odd(key: bytes) -> bytes:
    """DES parity: every byte has an odd number of ones."""
    return bytes(byte & 0xFE | (byte >> 1).bit_count() % 2 ^ 1 for byte in key)


def encrypt(suite: Suite, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC; whole blocks."""
    step = Cipher(_algorithm(suite, key), modes.CBC(iv)).encryptor()
    return step.update(data) + step.finalize()


def decrypt(suite: Suite, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC; whole blocks, else `Malformed`."""
    if not data or len(data) % suite.block:
        raise Malformed(f"{len(data)} encrypted bytes are no whole blocks")
    step = Cipher(_algorithm(suite, key), modes.CBC(iv)).decryptor()
    return step.update(data) + step.finalize()


def mac(suite: Suite, key: bytes, data: bytes) -> bytes:
    """8 bytes over `data`: CMAC of AES as it is, the retail MAC (ISO 9797-1 algorithm 3) over padded data."""
    if suite is not Suite.DES3:
        code = CMAC(algorithms.AES(key))
        code.update(data)
        return code.finalize()[:MAC_BYTES]
    first, second = key[:8] * 3, key[8:] * 3
    last = encrypt(suite, first, bytes(8), pad(data, 8))[-8:]
    return _ecb(suite, first, _ecb_back(suite, second, last))


def pad(data: bytes, block: int) -> bytes:
    """ISO 9797-1 method 2: 80, then zeros."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Raises `Malformed`."""
    body = data.rstrip(b"\0")
    if not body.endswith(b"\x80"):
        raise Malformed("padding that is none")
    return body[:-1]


def _algorithm(suite: Suite, key: bytes) -> TripleDES | algorithms.AES:
    if suite is not Suite.DES3:
        return algorithms.AES(key)
    return TripleDES(key if len(key) == 24 else key + key[:8])


def _ecb(suite: Suite, key: bytes, data: bytes) -> bytes:
    return encrypt(suite, key, bytes(suite.block), data)


def _ecb_back(suite: Suite, key: bytes, data: bytes) -> bytes:
    return decrypt(suite, key, bytes(suite.block), data)


class Session:
    """The keys and the counter of one channel: `protect` a command, then `open` its answer, in turns."""

    def __init__(self, keys: SessionKeys, counter: int = 0) -> None:
        self.suite = keys.suite
        self._keys = keys
        self._counter = counter

    def protect(self, command: Command) -> Command:
        """The same command under secure messaging, its Le wide enough for whatever may come."""
        self._count()
        block = self.suite.block
        objects = self._sealed(command) + (b"" if command.le is None else tlv.encode(0x97, _le(command.le)))
        masked = replace(command, cla=command.cla | 0x0C)
        signed = pad(masked.head, block) + objects
        data = objects + tlv.encode(0x8E, self._mac(signed if objects else masked.head))
        long = command.le is not None and command.le > SHORT_LE
        return replace(masked, data=data, le=LONG_LE if long or len(data) > SHORT_DATA else SHORT_LE)

    def open(self, response: Response) -> Response:
        """What the chip really said. Raises `Malformed` for anything that is not whole and not of this turn."""
        self._count()
        items = tlv.parse(response.data)
        status, code = tlv.need(items, 0x99), tlv.need(items, 0x8E)
        signed = response.data[: -len(tlv.encode(0x8E, code))]
        if items[-1][0] != 0x8E or not hmac.compare_digest(self._mac(signed), code):
            raise Malformed("a wrong message authentication code")
        if len(status) != 2:
            raise Malformed(f"a status of {len(status)} bytes")
        return Response(self._unsealed(items), int.from_bytes(status, "big"))

    def room(self, answer_bytes: int) -> int:
        """How many plain bytes an answer of so many protected ones can carry."""
        heads = 3 if answer_bytes <= SHORT_LE else 4
        whole = (answer_bytes - 14 - heads - 1) // self.suite.block * self.suite.block
        return whole - 1

    def _count(self) -> None:
        self._counter = (self._counter + 1) % (1 << 8 * self.suite.block)

    @property
    def _ssc(self) -> bytes:
        return self._counter.to_bytes(self.suite.block, "big")

    @property
    def _iv(self) -> bytes:
        return bytes(8) if self.suite is Suite.DES3 else _ecb(self.suite, self._keys.enc.value, self._ssc)

    def _mac(self, signed: bytes) -> bytes:
        data = self._ssc + signed
        return mac(self.suite, self._keys.mac.value, data if self.suite is Suite.DES3 else pad(data, self.suite.block))

    def _sealed(self, command: Command) -> bytes:
        if not command.data:
            return b""
        padded = pad(command.data, self.suite.block)
        sealed = encrypt(self.suite, self._keys.enc.value, self._iv, padded)
        return tlv.encode(0x85, sealed) if command.ins & 1 else tlv.encode(0x87, b"\x01" + sealed)

    def _unsealed(self, items: tlv.Items) -> bytes:
        marked, bare = tlv.find(items, 0x87), tlv.find(items, 0x85)
        if marked is None and bare is None:
            return b""
        if marked is not None and (bare is not None or marked[:1] != b"\x01"):
            raise Malformed("sealed data of a kind that cannot be")
        sealed = bare if marked is None else marked[1:]
        return unpad(decrypt(self.suite, self._keys.enc.value, self._iv, sealed or b""))


def _le(le: int) -> bytes:
    return bytes([le % SHORT_LE]) if le <= SHORT_LE else (le % LONG_LE).to_bytes(2, "big")


class Channel:
    """The link: every command leaves protected, every answer is opened. Once lost, it stays lost."""

    def __init__(self, device: str, below: Link, session: Session) -> None:
        self._device = device
        self._below = below
        self.session = session
        self._lost = False

    def send(self, command: Command, deadline: Deadline) -> Response:
        if self._lost:
            raise WireCorrupt(self._device, "the secure channel has ended")
        try:
            return self._turn(command, deadline)
        except DeviceError:
            self._lost = True
            raise

    def _turn(self, command: Command, deadline: Deadline) -> Response:
        response = self._below.send(self.session.protect(command), deadline)
        if not response.data:  # said in plain: whoever says it, nobody vouches for it
            raise WireCorrupt(self._device, f"the chip ended the secure channel: status {response.sw:04X}")
        try:
            opened = self.session.open(response)
        except Malformed as error:
            raise WireCorrupt(self._device, f"secure messaging: {error}") from None
        if response.sw not in (opened.sw, OK):
            raise WireCorrupt(self._device, "two statuses that disagree")
        return opened
