"""The locator net: down to a tenth of a tenth and up again, ReLU6 throughout so that int8 pays."""

from __future__ import annotations

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from training.mrz.net import Residual, block

OUTPUTS = 3  # the logit of holding print of a zone, cosine and sine of the way of reading


def down(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    """Half the size, then some residual blocks."""
    return nn.Sequential(block(inputs, outputs, (3, 3), (2, 2)), *(Residual(outputs, (3, 3)) for _ in range(residuals)))


class Up(nn.Module):  # type: ignore[misc, unused-ignore]
    """Twice the size, added to what was seen at that size on the way down."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = block(inputs, outputs, (1, 1))
        self.grow = nn.Upsample(scale_factor=2, mode="nearest")
        self.smooth = block(outputs, outputs, (3, 3))

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        result: Tensor = self.smooth(self.grow(self.mix(x)) + beside)
        return result


class LocatorNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """1 x 320 x 320 in -1..1 to OUTPUTS x 80 x 80."""

    def __init__(self) -> None:
        super().__init__()
        self.at2 = block(1, 12, (3, 3), (2, 2))
        self.at4 = down(12, 24, 0)
        self.at8 = down(24, 40, 1)
        self.at16 = down(40, 64, 1)
        self.at32 = down(64, 96, 3)
        self.up16 = Up(96, 64)
        self.up8 = Up(64, 40)
        self.up4 = Up(40, 24)
        self.head = nn.Conv2d(24, OUTPUTS, 1)

    def forward(self, x: Tensor) -> Tensor:
        at4 = self.at4(self.at2(x))
        at8 = self.at8(at4)
        at16 = self.at16(at8)
        up8 = self.up8(self.up16(self.at32(at16), at16), at8)
        result: Tensor = self.head(self.up4(up8, at4))
        return result


class Deployed(nn.Module):  # type: ignore[misc, unused-ignore]
    """The net as the kiosk calls it: n x 320 x 320 x 1 in, n x 80 x 80 x OUTPUTS out."""

    def __init__(self, net: LocatorNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        cells: Tensor = self.net(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return torch.clamp(cells, -8.0, 8.0)
