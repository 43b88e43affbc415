"""An EC P-256 key that stays in a PKCS#11 token, usable wherever `cryptography` takes a private key. The only
importer of python-pkcs11 here.

The token's PIN comes from a file that only the office's user can read; nobody types it, for the office starts alone.
"""

from __future__ import annotations

from typing import Any

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from central.enrolment.settings import TokenKey
from central.files import FolderError

KEY_ID = b"\x01"


class HsmKey(ec.EllipticCurvePrivateKey):
    """`sign` happens in the token; what would take the key out raises NotImplementedError."""

    def __init__(self, private: Any, public: ec.EllipticCurvePublicKey) -> None:
        self._private = private
        self._public = public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """DER, as `cryptography` gives it. ECDSA over SHA-256 alone."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, Prehashed) or not isinstance(algorithm, hashes.SHA256):
            raise NotImplementedError("ECDSA over SHA-256 alone")
        digest = hashes.Hash(hashes.SHA256())
        digest.update(data)
        raw = self._private.sign(digest.finalize(), mechanism=pkcs11.Mechanism.ECDSA)
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        raise NotImplementedError("an authority's key signs, nothing else")

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        raise NotImplementedError("the key does not leave its token")

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:
        raise NotImplementedError("the key does not leave its token")

    def __copy__(self) -> HsmKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HsmKey:
        return self


def open_key(place: TokenKey) -> HsmKey:
    """Raises FolderError: no such library, token or key, or the PIN is wrong."""
    try:
        session = _session(place, writing=False)
        private = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.KeyType.EC, place.label)
        public = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.KeyType.EC, place.label)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise FolderError(f"{place.token}: {place.label}: {type(error).__name__} {error}") from error
    return _key(private, public)


def generate_key(place: TokenKey) -> HsmKey:
    """A new key in the token, which cannot be taken out. FolderError: one of this label is there, or no token."""
    try:
        session = _session(place, writing=True)
        if list(session.get_objects({pkcs11.Attribute.LABEL: place.label})):
            raise FolderError(f"{place.token}: there is a key {place.label} already")
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
            local=True,
        )
        sealed = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
        public, private = parameters.generate_keypair(
            store=True,
            label=place.label,
            id=KEY_ID,
            private_template=sealed,
            mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN,
        )
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise FolderError(f"{place.token}: {type(error).__name__} {error}") from error
    return _key(private, public)


def _session(place: TokenKey, *, writing: bool) -> Any:
    try:
        pin = place.pin_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FolderError(f"{place.pin_file}: {error}") from None
    module = str(place.module.resolve())  # one library under two names would be initialised twice
    token = pkcs11.lib(module).get_token(token_label=place.token)
    try:
        return token.open(rw=writing, user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:  # one login counts for all of a process's sessions
        return token.open(rw=writing)


def _key(private: Any, public: Any) -> HsmKey:
    if private[pkcs11.Attribute.EXTRACTABLE] or not private[pkcs11.Attribute.SENSITIVE]:
        raise FolderError("the key may be taken out of its token")
    key = load_der_public_key(encode_ec_public_key(public))
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FolderError("wants an EC P-256 key in the token")
    return HsmKey(private, key)
