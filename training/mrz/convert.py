"""From the trained net to the int8 TFLite file and its card."""

from __future__ import annotations

import hashlib
from pathlib import Path

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe
from numpy.typing import NDArray

from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX, normalised
from training.mrz.net import Deployed, LineNet
from training.mrz.shards import Lines

Floats = NDArray[np.float32]
CALIBRATION_LINES = 200


def to_tflite(net: LineNet, path: Path) -> None:
    """The float file. An existing one is replaced."""
    sample = (torch.zeros(1, HEIGHT_PX, WIDTH_PX, 1),)
    path.unlink(missing_ok=True)
    litert_torch.convert(Deployed(net).eval(), sample).export(str(path))


def to_int8(float_path: Path, path: Path, lines: Lines) -> None:
    """Weights and activations in eight bits, their ranges taken from synthetic lines. An existing file is replaced."""
    work = quantizer.Quantizer(str(float_path), recipe.static_wi8_ai8())
    with_signature = Interpreter(str(float_path)).get_signature_list()
    (signature, names), *_ = with_signature.items()
    strips = normalised(lines.strips[:CALIBRATION_LINES])[:, None, :, :, None]
    seen = work.calibrate({signature: [{names["inputs"][0]: strip} for strip in strips]})
    path.unlink(missing_ok=True)
    work.quantize(seen).export_model(str(path))


def card(model: Path, figures: dict[str, float | str]) -> str:
    """The card's text for a measured model file."""
    net = Interpreter(str(model))
    net.allocate_tensors()
    given = net.get_input_details()[0]
    shape = ", ".join(str(side) for side in given["shape"])
    rows = "\n".join(f"{name} = {value!r}".replace("'", '"') for name, value in figures.items())
    return f"""\
# Line net: one printed line of a machine readable zone to characters (160 steps of 37 characters and a blank).
name = "{model.stem}"
file = "{model.name}"
sha256 = "{hashlib.sha256(model.read_bytes()).hexdigest()}"
licence = "Apache-2.0"
source = "trained by us on lines we print ourselves: python -m training.mrz; no real document was used"

[input]
shape = [{shape}]
dtype = "{np.dtype(given["dtype"]).name}"
meaning = "grey, -1..1 between the strip's 2nd and 98th percentile, one line with a little paper around it"

[figures]
{rows}
"""
