"""What a passport chip computes (ICAO 9303-11): key derivation, secure messaging, active authentication."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_BYTES = {1: 16, 2: 16, 3: 24, 4: 32}
"""By the last arc of the protocol's object identifier: 3DES, AES-128, AES-192, AES-256."""

HASH_OF_AA: dict[int, Callable[[], hashes.HashAlgorithm]] = {
    1: hashes.SHA1,
    2: hashes.SHA224,
    3: hashes.SHA256,
    4: hashes.SHA384,
    5: hashes.SHA512,
}


class Broken(Exception):
    """A protected command that is not right."""


def tlv(tag: int, *values: bytes) -> bytes:
    """One object around these."""
    value = b"".join(values)
    size = len(value)
    length = bytes([size]) if size < 128 else b""
    if not length:
        digits = f"{size:x}"
        digits = digits.rjust(len(digits) + len(digits) % 2, "0")
        length = bytes([0x80 + len(digits) // 2]) + bytes.fromhex(digits)
    return bytes.fromhex(f"{tag:04x}" if tag > 255 else f"{tag:02x}") + length + value


def objects(data: bytes) -> dict[int, bytes]:
    """By tag; of the tags a terminal sends, 7C is the only one looked into. ValueError for anything else."""
    found: dict[int, bytes] = {}
    while data:
        tag, size, begins = data[0], data[1] if len(data) > 1 else -1, 2
        if size > 0x80:
            begins = 2 + size - 0x80
            size = int.from_bytes(data[2:begins], "big")
        if size < 0 or len(data) < begins + size:
            raise ValueError("an object that is not whole")
        found[tag], data = data[begins : begins + size], data[begins + size :]
    return found


def derived(arc: int, secret: bytes, counter: int) -> bytes:
    """KDF of 9.7.1; DES keys with odd parity."""
    name = "sha1" if arc < 3 else "sha256"
    key = hashlib.new(name, secret + bytes([0, 0, 0, counter])).digest()[: KEY_BYTES[arc]]
    return bytes(b ^ (1 - bin(b).count("1") % 2) for b in key) if arc == 1 else key


def _cipher(arc: int, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    return Cipher(TripleDES(key + key[:8]) if arc == 1 else algorithms.AES(key), modes.CBC(iv))


def sealed(arc: int, key: bytes, iv: bytes, data: bytes) -> bytes:
    step = _cipher(arc, key, iv).encryptor()
    return step.update(data) + step.finalize()


def opened(arc: int, key: bytes, iv: bytes, data: bytes) -> bytes:
    step = _cipher(arc, key, iv).decryptor()
    return step.update(data) + step.finalize()


def padded(arc: int, data: bytes) -> bytes:
    block = 8 if arc == 1 else 16
    data += b"\x80"
    return data + bytes((block - len(data)) % block)


def code(arc: int, key: bytes, data: bytes) -> bytes:
    """The MAC: for DES the data must be padded already."""
    if arc != 1:
        whole = cmac.CMAC(algorithms.AES(key))
        whole.update(data)
        return whole.finalize()[:8]
    left, right = key[:8], key[8:]
    des = [Cipher(TripleDES(half * 3), modes.CBC(bytes(8))) for half in (left, right)]
    chain = des[0].encryptor().update(data)[-8:]
    return des[0].encryptor().update(des[1].decryptor().update(chain))


def token(arc: int, key: bytes, oid: bytes, point: bytes) -> bytes:
    data = tlv(0x7F49, tlv(0x06, oid), tlv(0x86, point))
    return code(arc, key, padded(arc, data) if arc == 1 else data)


@dataclass(slots=True)
class Messaging:
    """The chip's side of secure messaging."""

    arc: int
    enc: bytes
    mac: bytes
    counter: int = 0

    @staticmethod
    def over(arc: int, secret: bytes, counter: int = 0) -> Messaging:
        return Messaging(arc, derived(arc, secret, 1), derived(arc, secret, 2), counter)

    def _step(self) -> tuple[bytes, bytes]:
        """The counter's next value, and the IV that belongs to it."""
        block = 8 if self.arc == 1 else 16
        self.counter += 1
        ssc = self.counter.to_bytes(block, "big")
        return ssc, bytes(8) if self.arc == 1 else sealed(self.arc, self.enc, bytes(16), ssc)

    def take(self, head: bytes, body: bytes) -> tuple[bytes, int | None]:
        """Data and Le of a protected command. Raises `Broken`."""
        ssc, iv = self._step()
        try:
            given = objects(body)
            unsigned = body[:-10]  # the code comes last
        except ValueError:
            raise Broken from None
        signed = padded(self.arc, ssc + padded(self.arc, head) + unsigned) if unsigned else b""
        signed = signed or padded(self.arc, ssc + head)
        if code(self.arc, self.mac, signed) != given.get(0x8E):
            raise Broken
        hidden = given.get(0x85, given.get(0x87, b"\x01")[1:])
        data = opened(self.arc, self.enc, iv, hidden).rstrip(b"\0")[:-1] if hidden else b""
        le = int.from_bytes(given[0x97], "big") if 0x97 in given else None
        return data, (le or (256 if len(given[0x97]) == 1 else 65536)) if le is not None else None

    def give(self, data: bytes, sw: int, *, odd: bool) -> bytes:
        ssc, iv = self._step()
        hidden = sealed(self.arc, self.enc, iv, padded(self.arc, data)) if data else b""
        body = tlv(0x85, hidden) if odd and data else tlv(0x87, b"\x01", hidden) if data else b""
        body += tlv(0x99, sw.to_bytes(2, "big"))
        return body + tlv(0x8E, code(self.arc, self.mac, padded(self.arc, ssc + body)))


AaKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def aa_signature(key: AaKey, challenge: bytes, arc: int) -> bytes:
    """ISO 9796-2 scheme 1 for RSA, r and s for ECDSA; `arc` names the hash."""
    kind = HASH_OF_AA[arc]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(challenge, ec.ECDSA(kind)))
        width = (key.key_size + 7) // 8
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    trailer = {1: b"\xbc", 2: b"\x38\xcc", 3: b"\x34\xcc", 4: b"\x36\xcc", 5: b"\x35\xcc"}[arc]
    own = bytes(range(256))[: size - 1 - kind.digest_size - len(trailer)]
    own = own.ljust(size - 1 - kind.digest_size - len(trailer), b"\x55")
    digest = hashlib.new(kind.name, own + challenge).digest()
    value = int.from_bytes(b"\x6a" + own + digest + trailer, "big")
    return pow(value, numbers.d, modulus).to_bytes(size, "big")
