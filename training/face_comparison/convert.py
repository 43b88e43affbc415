"""From the operations to TFLite files: exact in float32, and twice in eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import litert_torch  # type: ignore[import-not-found, unused-ignore]
import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.face_comparison import SIDE
from appliance.vision.model import Pixels
from training.face_comparison.layers import Operation
from training.face_comparison.net import FaceNet


def to_float(operations: Sequence[Operation], path: Path) -> None:
    """The exact file; an existing one is replaced."""
    path.unlink(missing_ok=True)
    sample = (torch.zeros(1, SIDE, SIDE, 3),)
    litert_torch.convert(FaceNet(operations).eval(), sample).export(str(path))


def to_dynamic(float_path: Path, path: Path) -> None:
    """Weights in eight bits per channel, activations as they come at run time: no calibration. Replaces the file."""
    path.unlink(missing_ok=True)
    quantizer.Quantizer(str(float_path), recipe.dynamic_wi8_afp32()).quantize().export_model(str(path))


def to_static(float_path: Path, path: Path, chips: Sequence[Pixels]) -> None:
    """Weights per channel and activations in eight bits, their ranges from these chips. Replaces the file."""
    work = quantizer.Quantizer(str(float_path), recipe.static_wi8_ai8())
    (signature, names), *_ = Interpreter(str(float_path)).get_signature_list().items()
    given = [{names["inputs"][0]: one[None].astype(np.float32)} for one in chips]
    seen = work.calibrate({signature: given})
    path.unlink(missing_ok=True)
    work.quantize(seen).export_model(str(path))
