"""From the trained net to the int8 TFLite file."""

from __future__ import annotations

from pathlib import Path

import litert_torch  # type: ignore[import-not-found, unused-ignore]
import torch  # type: ignore[import-not-found, unused-ignore]
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX, normalised
from training.mrz.net import Deployed, LineNet
from training.mrz.shards import Lines

CALIBRATION_LINES = 200
MAX_GAP = 1e-3  # of a logit


class ConversionWrong(Exception):
    """The converted file is another net than the trained one."""


def to_tflite(net: LineNet, path: Path) -> None:
    """The float file, an existing one replaced. Raises `ConversionWrong` when it computes something else."""
    sample = (torch.zeros(1, HEIGHT_PX, WIDTH_PX, 1),)
    net.to(memory_format=torch.contiguous_format)  # the converter reads weights as they lie in memory
    path.unlink(missing_ok=True)
    litert_torch.convert(Deployed(net).eval(), sample).export(str(path))
    _compare(net, path)


def _compare(net: LineNet, path: Path) -> None:
    strip = torch.randn(1, HEIGHT_PX, WIDTH_PX, 1, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = Deployed(net).eval()(strip).numpy()
    made = Interpreter(str(path))
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], strip.numpy())
    made.invoke()
    gap = float(abs(made.get_tensor(made.get_output_details()[0]["index"]) - wanted).max())
    if not gap <= MAX_GAP:
        raise ConversionWrong(f"{path} differs from the net by up to {gap:.3g}")


def to_int8(float_path: Path, path: Path, lines: Lines) -> None:
    """Weights and activations in eight bits, their ranges taken from synthetic lines. An existing file is replaced."""
    work = quantizer.Quantizer(str(float_path), recipe.static_wi8_ai8())
    with_signature = Interpreter(str(float_path)).get_signature_list()
    (signature, names), *_ = with_signature.items()
    strips = normalised(lines.strips[:CALIBRATION_LINES])[:, None, :, :, None]
    seen = work.calibrate({signature: [{names["inputs"][0]: strip} for strip in strips]})
    path.unlink(missing_ok=True)
    work.quantize(seen).export_model(str(path))
