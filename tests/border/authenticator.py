"""A security key in software: makes a key pair and signs as WebAuthn says, and can do each thing wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from border.passkeys import Passkey
from border.webauthn import RP_ID

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8103"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(slots=True)
class Authenticator:
    """`algorithm`: COSE, -7 or -8, or another that no roster takes."""

    algorithm: int = -7
    id: bytes = b"a credential of a test"
    count: int = 0
    _cose: dict[int, object] = field(init=False)
    _sign: Callable[[bytes], bytes] = field(init=False)

    def __post_init__(self) -> None:
        if self.algorithm == -8:
            edwards = ed25519.Ed25519PrivateKey.generate()
            self._cose = {1: 1, 3: -8, -1: 6, -2: edwards.public_key().public_bytes_raw()}
            self._sign = edwards.sign
        else:
            key = ec.generate_private_key(ec.SECP256R1())
            point = key.public_key().public_numbers()
            self._cose = {1: 2, 3: self.algorithm, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
            self._sign = lambda data: key.sign(data, ec.ECDSA(SHA256()))

    @property
    def credential(self) -> bytes:
        return bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(self._cose)

    @property
    def passkey(self) -> Passkey:
        return Passkey(self.credential, self.count)

    def register(self, challenge: bytes, origin: str = ORIGIN, flags: int = PRESENT | VERIFIED) -> str:
        """What the browser's page sends."""
        data = self._data(RP_ID, flags | ATTESTED) + self.credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": b64(client_data("webauthn.create", challenge, origin)),
            "attestationObject": b64(attestation),
        }
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response})

    def sign(
        self,
        challenge: bytes,
        origin: str = ORIGIN,
        *,
        flags: int = PRESENT | VERIFIED,
        rp_id: str = RP_ID,
        kind: str = "webauthn.get",
        cross_origin: bool = False,
        forged: bool = False,
    ) -> str:
        self.count += 1
        client, data = client_data(kind, challenge, origin, cross_origin=cross_origin), self._data(rp_id, flags)
        signature = self._sign((b"other" if forged else b"") + data + hashlib.sha256(client).digest())
        response = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return json.dumps({"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response})

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)


def client_data(kind: str, challenge: bytes, origin: str, *, cross_origin: bool = False) -> bytes:
    return json.dumps(
        {"type": kind, "challenge": b64(challenge), "origin": origin, "crossOrigin": cross_origin}
    ).encode()
