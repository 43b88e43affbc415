"""Signed bundles of passive models: the signature, every hash, then the nets.

A bundle is a folder: `bundle.toml` (the card), `bundle.sig` (a signature over the card's very bytes) and the
.tflite files whose hashes the card names. So one signature holds the whole bundle.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from appliance.vision.errors import ModelAbsent, ModelTampered, ModelUnfit
from appliance.vision.face_pad import FAMILY, PadNet, PassivePad
from appliance.vision.model import Model, ModelCard, read_checked

CARD, SIGNATURE = "bundle.toml", "bundle.sig"

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


def load(folder: Path, key: PublicKey) -> PassivePad:
    """Verify the signature, then every hash, then load.

    Raises `ModelAbsent` only when there is no card at all, so that taking a file away cannot pass for "none
    installed"; `ModelTampered` (signature, hash, a part missing); `ModelUnfit` (not such nets).
    """
    card = _signed_card(folder, key)
    nets = []
    for net in _nets_of(card, folder.name):
        model = Model(net.model, _signed_net(folder, net.model))
        classes = model.run(np.zeros(net.model.input_shape, np.float32))[0].size
        if not 0 <= net.bona_fide_class < classes:
            raise ModelUnfit(net.model.name, f"class {net.bona_fide_class} of {classes} outputs")
        nets.append((net, model))
    return PassivePad(f"{card['name']} {card['version']}", nets)


def verify(message: bytes, signature: bytes, key: PublicKey) -> bool:
    """Whether a 64-byte signature is this key's: Ed25519, or ES256 as r and s of 32 bytes each (as in COSE)."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
            return True
        if len(signature) != 64 or key.curve.name != "secp256r1":
            return False
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _signed_card(folder: Path, key: PublicKey) -> dict[str, Any]:
    try:
        message = (folder / CARD).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelAbsent(folder.name, f"no {CARD}") from error
    try:
        signature = (folder / SIGNATURE).read_bytes()
    except FileNotFoundError as error:
        raise ModelTampered(folder.name, f"{CARD} without {SIGNATURE}") from error
    if not verify(message, signature, key):
        raise ModelTampered(folder.name, f"{SIGNATURE} is not a signature of {CARD} by the key given")
    try:
        return tomllib.loads(message.decode())
    except ValueError as error:
        raise ModelUnfit(folder.name, str(error)) from error


def _signed_net(folder: Path, card: ModelCard) -> bytes:
    try:
        return read_checked(folder, card)
    except ModelAbsent as error:  # a signed bundle is whole or it is not that bundle
        raise ModelTampered(card.name, error.detail) from error


def _nets_of(card: dict[str, Any], bundle: str) -> list[PadNet]:
    try:
        if card["family"] != FAMILY:
            raise ValueError(f"family {card['family']!r}, this kiosk knows {FAMILY!r}")
        nets = [
            PadNet(ModelCard.of(row), float(row["crop_scale"]), int(row["bona_fide_class"])) for row in card["model"]
        ]
        if not nets or not (card["name"] and card["version"]):
            raise ValueError("a bundle has a name, a version and at least one model")
        if not all(math.isfinite(net.crop_scale) and net.crop_scale >= 1 for net in nets):
            raise ValueError("crop_scale is 1 or more")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnfit(bundle, f"{CARD}: {error}") from error
    return nets
