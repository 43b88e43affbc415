"""A bundle folder as the kiosk's slot expects it: nets, the card that names their hashes, a signature over the card."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from appliance.vision import pad_bundle
from appliance.vision.face_pad import FAMILY
from appliance.vision.pad_bundle import CARD, SIGNATURE
from training.passive_pad.upstream import BONA_FIDE_CLASS, LICENCE, SIDE, SOURCE, Weights

NAME = "minifasnet-pair"

HEAD = """\
# Passive face presentation attack detection, the published MiniFASNet pair, converted and not retrained.
# Its training data are not disclosed. Known to miss: a worn paper cut-out.
name = "{name}"
version = {version}
family = "{family}"
"""

ROW = """
[[model]]
name = "{name}"
file = "{name}.tflite"
sha256 = "{sha256}"
licence = "{licence}"
source = "{source}/{file}"
crop_scale = {crop_scale}
bona_fide_class = {bona_fide_class}
[model.input]
shape = [1, {side}, {side}, 3]
dtype = "float32"
meaning = "BGR 0..255 around the raised face box, crop_scale boxes wide, moved inside the frame"
[model.figures]
parameters = {parameters}
largest_logit_gap_to_upstream = {gap:.2g}
upstream_sha256 = "{upstream}"
"""


@dataclass(frozen=True, slots=True)
class Net:
    """One converted net, its file already in the bundle's folder."""

    weights: Weights
    parameters: int
    largest_gap: float


def write(folder: Path, nets: Sequence[Net], version: int, key: EllipticCurvePrivateKey) -> str:
    """Card and signature beside the nets; the bundle is loaded once as a kiosk would before its name is answered."""
    card = HEAD.format(name=NAME, version=version, family=FAMILY) + "".join(_row(folder, net) for net in nets)
    (folder / CARD).write_text(card, "utf-8")
    (folder / SIGNATURE).write_bytes(sign(card.encode(), key))
    return pad_bundle.load(folder, key.public_key()).name


def sign(message: bytes, key: EllipticCurvePrivateKey) -> bytes:
    """ES256 as r and s of 32 bytes each, which `pad_bundle.verify` takes."""
    r, s = decode_dss_signature(key.sign(message, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _row(folder: Path, net: Net) -> str:
    data = (folder / f"{net.weights.name}.tflite").read_bytes()
    return ROW.format(
        name=net.weights.name,
        sha256=hashlib.sha256(data).hexdigest(),
        licence=LICENCE,
        source=SOURCE,
        file=net.weights.file,
        crop_scale=net.weights.crop_scale,
        bona_fide_class=BONA_FIDE_CLASS,
        side=SIDE,
        parameters=net.parameters,
        gap=net.largest_gap,
        upstream=net.weights.sha256,
    )
