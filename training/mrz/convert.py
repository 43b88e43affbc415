"""From a trained net to the int8 TFLite file."""

from __future__ import annotations

from pathlib import Path

import litert_torch  # type: ignore[import-not-found, unused-ignore]
import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray
from torch import nn  # type: ignore[import-not-found, unused-ignore]

Floats = NDArray[np.float32]

MAX_GAP = 1e-3  # of an output


class ConversionWrong(Exception):
    """The converted file is another net than the trained one."""


def to_tflite(deployed: nn.Module, shape: tuple[int, ...], path: Path) -> None:
    """The float file of a net that takes `shape` in, an existing one replaced.

    Raises `ConversionWrong` when it computes something else.
    """
    deployed.to(memory_format=torch.contiguous_format)  # the converter reads weights as they lie in memory
    deployed.eval()
    path.unlink(missing_ok=True)
    litert_torch.convert(deployed, (torch.zeros(*shape),)).export(str(path))
    _compare(deployed, shape, path)


def _compare(deployed: nn.Module, shape: tuple[int, ...], path: Path) -> None:
    sample = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = deployed(sample).numpy()
    made = Interpreter(str(path))
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], sample.numpy())
    made.invoke()
    gap = float(abs(made.get_tensor(made.get_output_details()[0]["index"]) - wanted).max())
    if not gap <= MAX_GAP:
        raise ConversionWrong(f"{path} differs from the net by up to {gap:.3g}")


def to_int8(float_path: Path, path: Path, samples: Floats) -> None:
    """Weights and activations in eight bits, their ranges taken from synthetic inputs. An existing file is replaced.

    `samples`: n x the net's input, each with its batch of one.
    """
    work = quantizer.Quantizer(str(float_path), recipe.static_wi8_ai8())
    with_signature = Interpreter(str(float_path)).get_signature_list()
    (signature, names), *_ = with_signature.items()
    seen = work.calibrate({signature: [{names["inputs"][0]: sample} for sample in samples]})
    path.unlink(missing_ok=True)
    work.quantize(seen).export_model(str(path))
