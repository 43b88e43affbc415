"""MiniFASNet as a torch module: narrow inverted bottlenecks whose pruned widths are read off the weights.

Names of the modules are those of the published state dict; `strict` loading proves that the two agree to the last
tensor. Blocks: a convolution with batch norm and PReLU; a bottleneck of 1x1, depthwise 3x3 and a linear 1x1; runs of
bottlenecks with a shortcut, the last of them with squeeze and excitation where the weights have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn

State = Mapping[str, Any]
RUNS = {"conv_3": 4, "conv_4": 6, "conv_5": 2}
DROPPED = "module."  # the prefix of weights that were trained on several devices


def load(path: Path) -> MiniFasNet:
    """The net with its weights, in evaluation mode. RuntimeError when one tensor is missing, left over or misshapen."""
    raw = torch.load(path, map_location="cpu", weights_only=True)
    state = {name.removeprefix(DROPPED): value for name, value in raw.items()}
    net = MiniFasNet(state)
    net.load_state_dict(state, strict=True)
    net.eval()
    return net


class Conv(nn.Module):  # type: ignore[misc, unused-ignore]
    """Convolution, batch norm and, unless linear, PReLU; shapes as the weights under `at` say."""

    def __init__(self, state: State, at: str, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        out, per_group, *kernel = state[f"{at}.conv.weight"].shape
        groups = out if per_group == 1 else 1
        self.conv = nn.Conv2d(per_group * groups, out, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.prelu = nn.PReLU(out) if f"{at}.prelu.weight" in state else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(self.bn(self.conv(x)))


class Squeeze(nn.Module):  # type: ignore[misc, unused-ignore]
    """Each channel weighed by what the whole picture holds."""

    def __init__(self, state: State, at: str) -> None:
        super().__init__()
        narrow, wide, *_ = state[f"{at}.fc1.weight"].shape
        self.fc1, self.bn1 = nn.Conv2d(wide, narrow, 1, bias=False), nn.BatchNorm2d(narrow)
        self.fc2, self.bn2 = nn.Conv2d(narrow, wide, 1, bias=False), nn.BatchNorm2d(wide)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.bn2(self.fc2(torch.relu(self.bn1(self.fc1(mean))))))


class Bottleneck(nn.Module):  # type: ignore[misc, unused-ignore]
    """1x1 wide, depthwise 3x3, 1x1 narrow; `short` adds the input again."""

    def __init__(self, state: State, at: str, *, stride: int, short: bool) -> None:
        super().__init__()
        self.conv = Conv(state, f"{at}.conv")
        self.conv_dw = Conv(state, f"{at}.conv_dw", stride, 1)
        self.project = Conv(state, f"{at}.project")
        has_squeeze = f"{at}.se_module.fc1.weight" in state
        self.se_module = Squeeze(state, f"{at}.se_module") if has_squeeze else nn.Identity()
        self._short = short

    def forward(self, x: Tensor) -> Tensor:
        out = self.se_module(self.project(self.conv_dw(self.conv(x))))
        return x + out if self._short else out


class Run(nn.Module):  # type: ignore[misc, unused-ignore]
    """Bottlenecks one after another, each with its shortcut."""

    def __init__(self, state: State, at: str, count: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *(Bottleneck(state, f"{at}.model.{n}", stride=1, short=True) for n in range(count)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class MiniFasNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """BGR 0..255, n x 3 x 80 x 80, to three logits."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.conv1 = Conv(state, "conv1", 2, 1)
        self.conv2_dw = Conv(state, "conv2_dw", 1, 1)
        self.conv_23 = Bottleneck(state, "conv_23", stride=2, short=False)
        self.conv_3 = Run(state, "conv_3", RUNS["conv_3"])
        self.conv_34 = Bottleneck(state, "conv_34", stride=2, short=False)
        self.conv_4 = Run(state, "conv_4", RUNS["conv_4"])
        self.conv_45 = Bottleneck(state, "conv_45", stride=2, short=False)
        self.conv_5 = Run(state, "conv_5", RUNS["conv_5"])
        self.conv_6_sep = Conv(state, "conv_6_sep")
        self.conv_6_dw = Conv(state, "conv_6_dw")
        wide, flat = state["linear.weight"].shape
        self.linear, self.bn = nn.Linear(flat, wide, bias=False), nn.BatchNorm1d(wide)
        self.prob = nn.Linear(wide, state["prob.weight"].shape[0], bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_23(self.conv2_dw(self.conv1(x)))
        x = self.conv_45(self.conv_4(self.conv_34(self.conv_3(x))))
        x = self.conv_6_dw(self.conv_6_sep(self.conv_5(x)))
        return self.prob(self.bn(self.linear(x.flatten(1))))
