"""The address of a private key, and the key: a PEM file, or an object on a PKCS#11 token.

    keys/online.pem
    pkcs11:token=ann;object=landfall-root
    pkcs11:token=hq;object=online?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/credentials/pin

(RFC 7512, of it only these four attributes.) A PIN that is in no file is taken from LANDFALL_PIN, and else asked.
"""

from __future__ import annotations

import getpass
import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key

from ota.disk import RealDisk, replace
from ota.refusals import PublishCode, Unpublished

SCHEME = "pkcs11:"
PIN, MODULE = "LANDFALL_PIN", "LANDFALL_PKCS11_MODULE"
MODULES = (
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/softhsm/libsofthsm2.so",
)
"""The first that is there, when neither address nor LANDFALL_PKCS11_MODULE names one."""
PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key lies on a token. `pin` is asked only when the token is opened."""

    module: str
    token: str
    label: str
    pin: Callable[[], str]


def load(address: str) -> PrivateKey:
    """Raises `Unpublished`."""
    if address.startswith(SCHEME):
        token: PrivateKey = _tokens().TokenKey(_place(address))
        return token
    try:
        key = load_pem_private_key(Path(address).read_bytes(), None)
    except (OSError, ValueError, TypeError) as cause:
        raise Unpublished(PublishCode.TOKEN, f"{address}: {cause}") from cause
    if not isinstance(key, EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise Unpublished(PublishCode.TOKEN, f"{address}: wants a key on P-256 or Ed25519")
    return key


def make(address: str) -> PrivateKey:
    """A new key on P-256 at that address, where none is. Raises `Unpublished`, OSError."""
    if address.startswith(SCHEME):
        made: PrivateKey = _tokens().make(_place(address))
        return made
    path = Path(address)
    if path.exists():
        raise Unpublished(PublishCode.TOKEN, f"{address} is there already")
    key = generate_private_key(SECP256R1())
    replace(RealDisk(), path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def signer(address: str) -> CryptoSigner:
    """Of metadata. Raises `Unpublished`."""
    return CryptoSigner(load(address))


def key_of(private: PrivateKey) -> Key:
    """Its public half, as metadata names it."""
    return CryptoSigner(private).public_key


def public_pem(private: PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _tokens() -> ModuleType:
    """Asked for when there is one: practice has no library for tokens."""
    return importlib.import_module("ota.hsm")


def for_rauc(address: str) -> tuple[str, dict[str, str]]:
    """How RAUC is told of a key: its address there, and what must stand in the environment. Raises `Unpublished`."""
    if not address.startswith(SCHEME):
        return address, {}
    place = _place(address)
    key = f"{SCHEME}token={quote(place.token)};object={quote(place.label)}"
    return key, {"RAUC_PKCS11_MODULE": place.module, "RAUC_PKCS11_PIN": place.pin()}


def _place(address: str) -> Place:
    path, _, query = address.removeprefix(SCHEME).partition("?")
    said = {**_attributes(path, ";"), **_attributes(query, "&")}
    if lacking := [name for name in ("token", "object") if not said.get(name)]:
        raise Unpublished(PublishCode.TOKEN, f"{address}: names no {' and no '.join(lacking)}")
    return Place(
        said.get("module-path") or _module(), said["token"], said["object"], lambda: _pin(said.get("pin-source", ""))
    )


def _attributes(text: str, between: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in re.split(re.escape(between), text) if part)
    return {name: unquote(value) for name, _, value in pairs}


def _module() -> str:
    named = os.environ.get(MODULE) or next((module for module in MODULES if Path(module).exists()), "")
    if not named:
        raise Unpublished(PublishCode.TOKEN, f"no PKCS#11 module is here; name one in {MODULE}")
    return named


def _pin(source: str) -> str:
    if source:
        return Path(source.removeprefix("file:")).read_text(encoding="ascii").strip()
    return os.environ.get(PIN) or getpass.getpass("PIN: ")
