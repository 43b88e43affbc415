"""Passive presentation attack detection: a signed bundle of nets that score a single frame.

No bundle ships with the kiosk. Without one the active challenge stands alone, and the journey says so.
`pad_bundle.py` reads one and verifies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.vision.face_detection import DetectedFace
from appliance.vision.model import Floats, Model, ModelCard, Pixels

FAMILY = "minifasnet"  # the one way of feeding nets that this file knows; a card must name it
RAISED = 0.15  # of the box height: the detector's box stops at the brows, these nets learnt with foreheads


@dataclass(frozen=True, slots=True)
class PadNet:
    """One net of a bundle: its file, how much of the frame around the face it wants, and its live class."""

    model: ModelCard
    crop_scale: float  # of the raised face box, e.g. 2.7 or 4.0
    bona_fide_class: int


class PassivePad:
    """The nets of a verified bundle, ready to score. One thread only, as its models."""

    def __init__(self, name: str, nets: Sequence[tuple[PadNet, Model]]) -> None:
        self.name = name  # with its version: what a finding cites
        self._nets = tuple(nets)

    def attack_score(self, pixels: Pixels, face: DetectedFace) -> float:
        """0 surely bona fide .. 1 surely an attack, the mean over the nets; NaN when a net answers no number."""
        live = [
            softmax(model.run(crop(pixels, face, net))[0].ravel())[net.bona_fide_class] for net, model in self._nets
        ]
        return 1.0 - float(np.mean(live))


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
