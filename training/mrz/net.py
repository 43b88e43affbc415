"""The line net: fully convolutional, ReLU6 throughout so that int8 pays, 160 steps of 38 classes (CTC)."""

from __future__ import annotations

from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.mrz_strip import BLANK

CLASSES = BLANK + 1
DROPOUT = 0.05


def block(inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)) -> nn.Sequential:
    """Convolution, batch norm, ReLU6; a kernel as high as its stride is not padded vertically."""
    padding = (0 if kernel[0] == stride[0] else kernel[0] // 2, kernel[1] // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


class Residual(nn.Module):  # type: ignore[misc, unused-ignore]
    """A block and a 1 x 1 convolution, added to their input."""

    def __init__(self, channels: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        mixing = nn.Conv2d(channels, channels, 1, bias=False)
        self.body = nn.Sequential(block(channels, channels, kernel), mixing, nn.BatchNorm2d(channels))
        self.end = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.end(x + self.body(x))
        return result


class LineNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """1 x 32 x 640 in -1..1 to CLASSES x 1 x 160 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            block(1, 16, (3, 3), (2, 2)),
            block(16, 32, (3, 3), (2, 2)),
            Residual(32, (3, 3)),
            block(32, 48, (3, 3), (2, 1)),
            Residual(48, (3, 3)),
            block(48, 96, (4, 3), (4, 1)),
            Residual(96, (1, 5)),
            Residual(96, (1, 5)),
            nn.Dropout(DROPOUT),
            nn.Conv2d(96, CLASSES, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return result


class Deployed(nn.Module):  # type: ignore[misc, unused-ignore]
    """The net as the kiosk calls it: n x 32 x 640 x 1 in, n x 160 x CLASSES logits out."""

    def __init__(self, net: LineNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.net(x.permute(0, 3, 1, 2))
        return logits[:, :, 0, :].permute(0, 2, 1)
