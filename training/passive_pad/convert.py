"""From published weights to fp32 TFLite, and the proof that both say the same.

    python -m training.passive_pad.convert WEIGHTS.pth NET.tflite

Run by the import in a process of the training environment, which sees no key. Says one JSON object.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import litert_torch  # type: ignore[import-not-found, unused-ignore]
import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from ai_edge_litert.interpreter import Interpreter
from torch import Tensor, nn

from training.passive_pad.net import MiniFasNet, load
from training.passive_pad.upstream import SIDE

MAX_GAP = 1e-4  # of a logit
PICTURES = 16


class ConversionWrong(Exception):
    """The converted file is another net than the published one."""


class Deployed(nn.Module):  # type: ignore[misc, unused-ignore]
    """As the kiosk feeds it: 1 x 80 x 80 x 3."""

    def __init__(self, net: MiniFasNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        return self.net(pixels.permute(0, 3, 1, 2))


@dataclass(frozen=True, slots=True)
class Converted:
    parameters: int
    largest_gap: float  # of a logit, between torch and TFLite


def to_tflite(weights: Path, path: Path) -> Converted:
    """Write the float file. It stays fp32: in eight bits PReLU makes it slower, not faster.

    Raises `ConversionWrong` when the two differ by more than `MAX_GAP` on noise and on smooth pictures.
    """
    net = load(weights)
    path.unlink(missing_ok=True)
    litert_torch.convert(Deployed(net).eval(), (torch.zeros(1, SIDE, SIDE, 3),)).export(str(path))
    gap = _largest_gap(Deployed(net).eval(), path)
    if not gap <= MAX_GAP:
        raise ConversionWrong(f"{path.name} differs from its weights by up to {gap:.3g}")
    return Converted(sum(p.numel() for p in net.parameters()), gap)


def _largest_gap(deployed: Deployed, path: Path) -> float:
    made = Interpreter(str(path))
    made.allocate_tensors()
    where_in, where_out = made.get_input_details()[0]["index"], made.get_output_details()[0]["index"]
    gaps = []
    for picture in _pictures():
        made.set_tensor(where_in, picture)
        made.invoke()
        with torch.no_grad():
            wanted = deployed(torch.from_numpy(picture)).numpy()
        gaps.append(float(np.abs(made.get_tensor(where_out) - wanted).max()))
    return max(gaps)


def _pictures() -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Half noise, half smooth; 0..255 as pixels are."""
    rng = np.random.default_rng(13)
    fine = [rng.uniform(0, 255, (1, SIDE, SIDE, 3)).astype(np.float32) for _ in range(PICTURES // 2)]
    coarse = [rng.uniform(0, 255, (1, 5, 5, 3)).repeat(16, axis=1).repeat(16, axis=2) for _ in range(PICTURES // 2)]
    return fine + [picture.astype(np.float32) for picture in coarse]


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(asdict(to_tflite(Path(sys.argv[1]), Path(sys.argv[2])))) + "\n")
