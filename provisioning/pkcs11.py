"""An identity key in a PKCS#11 token: a secure element or a smart card. The one door to python-pkcs11."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

LABELS = ("landfall-identity", "landfall-identity-2")
"""While a lane moves there are two keys, the old and the new."""

CURVE = encode_named_curve_parameters("secp256r1")


class TokenError(Exception):
    """The token is not there, or would not. The text names no key and no PIN."""


@dataclass(frozen=True, slots=True)
class Token:
    """`module`: path of the maker's library; `label`: the token's; `pin`: the user's."""

    module: str
    label: str
    pin: str
    slot: int = 0

    def __repr__(self) -> str:
        return f"<token {self.label}>"  # never the PIN

    @property
    def _name(self) -> str:
        return LABELS[self.slot]

    def public_key(self) -> ec.EllipticCurvePublicKey | None:
        with self._session() as session:
            try:
                key = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, label=self._name)
            except pkcs11.NoSuchKey:
                return None
            return _public(cast(pkcs11.PublicKey, key))

    def make(self) -> ec.EllipticCurvePublicKey:
        """A fresh P-256 key that the token never gives out."""
        self.forget()
        with self._session() as session:
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: CURVE}, local=True
            )
            template = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
            public, _ = parameters.generate_keypair(label=self._name, store=True, private_template=template)
            return _public(public)

    def forget(self) -> None:
        with self._session() as session:
            for key in list(session.get_objects({pkcs11.Attribute.LABEL: self._name})):
                key.destroy()

    def sign(self, data: bytes) -> bytes:
        """r || s over SHA-256 of `data`. The digest is ours: not every token hashes."""
        with self._session() as session:
            try:
                key = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, label=self._name)
            except pkcs11.NoSuchKey:
                raise TokenError(f"no identity key was made in token {self.label}") from None
            digest = hashlib.sha256(data).digest()
            return bytes(cast(SignMixin, key).sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    @contextmanager
    def _session(self) -> Iterator[pkcs11.Session]:
        module = str(Path(self.module).resolve())  # one library under two names would be initialised twice
        try:
            with pkcs11.lib(module).get_token(token_label=self.label).open(rw=True, user_pin=self.pin) as session:
                yield session
        except (pkcs11.PKCS11Error, RuntimeError) as error:  # RuntimeError: the library cannot be loaded
            raise TokenError(f"token {self.label} of {self.module}: {type(error).__name__} {error}".rstrip()) from error


def _public(key: pkcs11.PublicKey) -> ec.EllipticCurvePublicKey:
    public = load_der_public_key(encode_ec_public_key(key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    return public
