"""Keys that never leave their token, over PKCS#11: ECDSA on P-256, which every token knows.

To the rest of the house such a key is a private key of `cryptography`, so that one and the same signs metadata,
certificates and revocation lists; what would take the secret out raises `UnsupportedAlgorithm`. A token signs the
SHA-256 of what it is given: the mechanism that all of them have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pkcs11
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pkcs11.types import SignMixin
from pkcs11.util import ec as encoding

from ota.refusals import PublishCode, Unpublished
from ota.signers import Place

BITS = 256
CURVE = "secp256r1"


class TokenKey(ec.EllipticCurvePrivateKey):
    """Each signature opens the token and logs in anew: it may be pulled out between two."""

    def __init__(self, place: Place) -> None:
        """Raises `Unpublished`."""
        self._place = place
        with _opened(place, writes=False) as session:
            self._public = _public(session, place)

    def sign(
        self, data: bytes | bytearray | memoryview, signature_algorithm: ec.EllipticCurveSignatureAlgorithm
    ) -> bytes:
        """Raises `Unpublished`, `UnsupportedAlgorithm`."""
        asked = signature_algorithm.algorithm
        if isinstance(asked, Prehashed) or not isinstance(asked, hashes.SHA256):
            raise UnsupportedAlgorithm("this key signs the SHA-256 of what it is given")
        digest = hashlib.sha256(data).digest()
        with _opened(self._place, writes=False) as session:
            key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._place.label)
            assert isinstance(key, SignMixin), "a key that signs"
            return encoding.encode_ecdsa_signature(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        return BITS

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002
        raise UnsupportedAlgorithm("this key only signs")

    def private_numbers(self) -> NoReturn:
        raise UnsupportedAlgorithm("this key does not leave its token")

    def private_bytes(
        self,
        encoding: serialization.Encoding,  # noqa: ARG002
        format: serialization.PrivateFormat,  # noqa: ARG002
        encryption_algorithm: serialization.KeySerializationEncryption,  # noqa: ARG002
    ) -> NoReturn:
        raise UnsupportedAlgorithm("this key does not leave its token")

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> TokenKey:
        return self


def make(place: Place) -> TokenKey:
    """A new key under that label. Raises `Unpublished`, also when there is one already."""
    with _opened(place, writes=True) as session:
        if list(session.get_objects({pkcs11.Attribute.LABEL: place.label})):
            raise Unpublished(PublishCode.TOKEN, f"{place.token} has a {place.label} already")
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encoding.encode_named_curve_parameters(CURVE)},
            local=True,
        )
        id = hashlib.sha256(place.label.encode()).digest()[:8]
        parameters.generate_keypair(store=True, label=place.label, id=id)
    return TokenKey(place)


@contextmanager
def _opened(place: Place, *, writes: bool) -> Iterator[pkcs11.Session]:
    try:
        module = str(Path(place.module).resolve())  # one library under two names would be initialised twice
        token = pkcs11.lib(module).get_token(token_label=place.token)
        with token.open(user_pin=place.pin(), rw=writes) as session:
            yield session
    except pkcs11.PKCS11Error as cause:
        why = str(cause) or type(cause).__name__
        raise Unpublished(PublishCode.TOKEN, f"{place.token}, {place.label}: {why}") from cause


def _public(session: pkcs11.Session, place: Place) -> ec.EllipticCurvePublicKey:
    found = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=place.label)
    assert isinstance(found, pkcs11.PublicKey), "asked for by its class"
    key = serialization.load_der_public_key(encoding.encode_ec_public_key(found))
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unpublished(PublishCode.TOKEN, f"{place.token}, {place.label}: not on P-256")
    return key
