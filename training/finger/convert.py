"""From the trained finger net to the TFLite file, in floats: one scale for inputs of seven sizes would cost rank."""

from __future__ import annotations

from pathlib import Path

import litert_torch  # type: ignore[import-not-found, unused-ignore]
import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from training.finger.net import FingerNet

MAX_GAP = 1e-2  # of a score of 0..100, and of a logit


class ConversionWrong(Exception):
    """The converted file is another net than the trained one."""


def to_tflite(net: FingerNet, path: Path, rows: NDArray[np.float64]) -> None:
    """The file, an existing one replaced. Raises `ConversionWrong` when it judges these rows of inputs otherwise."""
    path.unlink(missing_ok=True)
    given = torch.from_numpy(rows.astype(np.float32))
    litert_torch.convert(net.eval(), (given[:1],)).export(str(path))
    made = Interpreter(str(path))
    made.allocate_tensors()
    with torch.no_grad():
        gap = max(_gap(_run(made, row), net(row)) for row in given.split(1))
    if not gap <= MAX_GAP:
        raise ConversionWrong(f"{path} differs from the net by up to {gap:.3g}")


def _run(made: Interpreter, row: torch.Tensor) -> dict[int, NDArray[np.float32]]:
    made.set_tensor(made.get_input_details()[0]["index"], row.numpy())
    made.invoke()
    answers = (made.get_tensor(one["index"]) for one in made.get_output_details())
    return {answer.size: answer for answer in answers}


def _gap(answers: dict[int, NDArray[np.float32]], wanted: tuple[torch.Tensor, ...]) -> float:
    return max(float(abs(answers[one.numel()] - one.numpy()).max()) for one in wanted)
