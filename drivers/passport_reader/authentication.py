"""Is the chip a copy? Active authentication and chip authentication version 1 (9303-11, 6.1 and 6.2): values only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from drivers.api import Proof
from drivers.passport_reader.curves import Curve
from drivers.passport_reader.secure_messaging import SessionKeys
from drivers.passport_reader.security_infos import AA_HASHES, AuthenticationKey, EcKey, RsaKey
from drivers.passport_reader.tlv import Malformed

CHALLENGE_BYTES = 8
TRAILERS = {0x31: "ripemd160", 0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
SHA1_TRAILER, LONG_TRAILER = 0xBC, 0xCC
RECOVERED_PART, PADDING_END = 0x6A, 0x0A  # first byte: a part of the message is in the signature


def active(key: EcKey | RsaKey | None, hash_name: str | None, challenge: bytes, signature: bytes) -> Proof:
    """Is `signature` the chip's over `challenge`? `hash_name`: what DG14 names, for ECDSA only."""
    if key is None:
        return Proof.NOT_KNOWN
    if isinstance(key, RsaKey):
        return _proof(rsa_signed(key, challenge, signature))
    names = tuple(AA_HASHES.values()) if hash_name is None else (hash_name,)
    return _proof(any(ecdsa_signed(key, name, challenge, signature) for name in names))


def _proof(good: bool) -> Proof:
    return Proof.PASSED if good else Proof.FAILED


def rsa_signed(key: RsaKey, challenge: bytes, signature: bytes) -> bool:
    """ISO/IEC 9796-2 scheme 1 with message recovery: the chip's part lies in the signature, ours follows it."""
    size = (key.modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != size or not 0 < value < key.modulus:
        return False
    recovered = pow(value, key.exponent, key.modulus)
    if recovered & 0x0F != 0x0C:  # the signer may have taken the smaller of the two roots
        recovered = key.modulus - recovered
    return _recovers(recovered.to_bytes(size, "big"), challenge)


def _recovers(block: bytes, challenge: bytes) -> bool:
    """Header, message part, hash, trailer: does the hash cover that part and the challenge?"""
    if block[-1] == SHA1_TRAILER:
        name, trailer = "sha1", 1
    elif block[-1] == LONG_TRAILER and block[-2] in TRAILERS:
        name, trailer = TRAILERS[block[-2]], 2
    else:
        return False
    if name not in hashlib.algorithms_available:
        return False
    begins, size = _after_header(block), hashlib.new(name).digest_size
    ends = len(block) - trailer - size
    if begins is None or ends <= begins:
        return False
    digest = hashlib.new(name, block[begins:ends] + challenge).digest()
    return hmac.compare_digest(digest, block[ends : ends + size])


def _after_header(block: bytes) -> int | None:
    """Where the message part begins: 6A, or 4B, BB..., BA where it was padded."""
    if block[0] == RECOVERED_PART:
        return 1
    if block[0] != 0x4B:
        return None
    end = next((at for at in range(1, len(block)) if block[at] != 0xBB), 0)
    return end + 1 if end and block[end] == 0xBA else None


def ecdsa_signed(key: EcKey, hash_name: str, challenge: bytes, signature: bytes) -> bool:
    """r and s, one after the other (TR-03111, 5.2.1)."""
    curve = key.curve
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    if len(signature) % 2 or not (0 < r < curve.n and 0 < s < curve.n):
        return False
    digest = hashlib.new(hash_name, challenge).digest()
    number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - curve.n.bit_length())
    inverse = pow(s, -1, curve.n)
    try:
        point = curve.weighted_sum(number * inverse, curve.generator, r * inverse, key.point)
    except Malformed:
        return False
    return point.x % curve.n == r


class ChipAuthentication:
    """One run against one key of DG14: our ephemeral key, and the keys of the new channel."""

    def __init__(self, key: AuthenticationKey, draw: Callable[[int], int] = secrets.randbelow) -> None:
        assert key.key is not None and key.suite is not None
        self._suite, self._chip = key.suite, key.key
        self._secret = 1 + draw(self._curve.n - 1)

    @property
    def _curve(self) -> Curve:
        return self._chip.curve

    @property
    def public(self) -> bytes:
        return self._curve.encode(self._curve.multiply(self._secret, self._curve.generator))

    def keys(self) -> SessionKeys:
        """Only who holds the secret of DG14's key can speak under these."""
        shared = self._curve.multiply(self._secret, self._chip.point)
        return SessionKeys.derive(self._suite, shared.x.to_bytes(self._curve.size, "big"))
