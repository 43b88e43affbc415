"""The finger net: the measures of one impression to its quality, and with its features to its fault."""

from __future__ import annotations

from itertools import pairwise

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.finger_measures import NAMES
from appliance.vision.finger_quality import FAULTS, INPUTS

MEASURES = len(NAMES)  # the first inputs; quality sees no others, because the teacher does not
FARTHEST = 5.0  # standard deviations; an input beyond says no more, so that no strange picture runs away


class FingerNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """n x INPUTS, as `finger_quality.look` gives them, to n x 1 (about 0..100) and n x len(FAULTS) logits.

    Two nets in one file, each with its standardisation inside; they share nothing but the input.
    """

    def __init__(self, mean: Tensor, spread: Tensor, usual: Tensor, usual_spread: Tensor) -> None:
        """`mean`, `spread`: of real prints' measures. `usual`, `usual_spread`: of all inputs of drawn prints."""
        super().__init__()
        for name, value in (("mean", mean), ("scale", 1 / spread), ("usual", usual), ("gauge", 1 / usual_spread)):
            self.register_buffer(name, value)
        self.quality = _layers(MEASURES, 64, 32, 1)
        self.fault = _layers(INPUTS, 48, 32, len(FAULTS))

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.score(inputs[:, :MEASURES]), self.faults(inputs)

    def score(self, measures: Tensor) -> Tensor:
        result: Tensor = 50 + 25 * self.quality(_bounded((measures - self.mean) * self.scale))
        return result

    def faults(self, inputs: Tensor) -> Tensor:
        result: Tensor = self.fault(_bounded((inputs - self.usual) * self.gauge))
        return result


def _layers(*sides: int) -> nn.Sequential:
    hidden = [layer for pair in pairwise(sides[:-1]) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(*sides[-2:]))


def _bounded(values: Tensor) -> Tensor:
    return torch.clamp(values, -FARTHEST, FARTHEST)
