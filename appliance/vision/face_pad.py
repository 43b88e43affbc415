"""Passive presentation attack detection: a signed bundle of nets that score a single frame.

No bundle ships with the kiosk. Without one the active challenge stands alone, and the journey says so.
A bundle is a folder: `bundle.toml` (the card), `bundle.sig` (a signature over the card's very bytes) and the
.tflite files whose hashes the card names. So one signature holds the whole bundle.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from appliance.vision.errors import ModelAbsent, ModelTampered, ModelUnfit
from appliance.vision.face_detection import DetectedFace
from appliance.vision.model import Floats, Model, ModelCard, Pixels, read_checked

CARD, SIGNATURE = "bundle.toml", "bundle.sig"
FAMILY = "minifasnet"  # the one way of feeding nets that this file knows; a card must name it
RAISED = 0.15  # of the box height: the detector's box stops at the brows, these nets learnt with foreheads

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class PadNet:
    """One net of a bundle: its file, how much of the frame around the face it wants, and its live class."""

    model: ModelCard
    crop_scale: float  # of the raised face box, e.g. 2.7 or 4.0
    bona_fide_class: int


class PassivePad:
    """A verified bundle, ready to score. One thread only, as its models."""

    def __init__(self, name: str, nets: Sequence[tuple[PadNet, Model]]) -> None:
        self.name = name  # with its version: what a finding cites
        self._nets = tuple(nets)

    @staticmethod
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

    def attack_score(self, pixels: Pixels, face: DetectedFace) -> float:
        """0 surely bona fide .. 1 surely an attack, the mean over the nets; NaN when a net answers no number."""
        live = [
            softmax(model.run(crop(pixels, face, net))[0].ravel())[net.bona_fide_class] for net, model in self._nets
        ]
        return 1.0 - float(np.mean(live))


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


def crop(pixels: Pixels, face: DetectedFace, net: PadNet) -> Floats:
    """The net's input, 1 x h x w x 3: BGR 0..255 around the face, shifted inside the frame rather than padded."""
    left, top, width, height = around(face, net.crop_scale, pixels.shape[1], pixels.shape[0])
    patch = pixels[top : top + height, left : left + width]
    _, rows, columns, _ = net.model.input_shape
    return cv2.resize(patch, (columns, rows)).astype(np.float32)[None]


def around(face: DetectedFace, crop_scale: float, frame_width: int, frame_height: int) -> tuple[int, int, int, int]:
    """Left, top, width, height of the patch: the raised box, scaled as far as the frame allows, moved inside."""
    height = max(face.height * (1 + RAISED), 1.0)
    width = max(face.width, 1.0)
    scale = min((frame_height - 1) / height, (frame_width - 1) / width, crop_scale)
    middle_x, middle_y = face.left + face.width / 2, face.top - face.height * RAISED + height / 2
    left, across = _span(middle_x, width * scale, frame_width - 1)
    top, down = _span(middle_y, height * scale, frame_height - 1)
    return left, top, across, down


def _span(middle: float, length: float, last: int) -> tuple[int, int]:
    """First pixel and count of a stretch moved inside 0..last, both ends counted, as these nets were trained."""
    low = min(max(middle - length / 2, 0.0), max(last - length, 0.0))
    return int(low), min(int(low + length), last) - int(low) + 1


def softmax(logits: Floats) -> Floats:
    """Shares that sum to 1; all NaN when any logit is no number."""
    shifted = np.exp(logits - logits.max())
    out: Floats = shifted / shifted.sum()
    return out
