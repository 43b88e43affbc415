"""The operations as a torch module: a picture in, 128 values out."""

from __future__ import annotations

from collections.abc import Sequence

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn
from torch.nn import functional  # type: ignore[import-not-found, unused-ignore]

from training.face_comparison.layers import Add, Convolution, Keep, Matrix, MaxPool, MeanPool, Operation, Recall, Relu

MEAN_RGB = (122.782, 117.001, 104.298)  # subtracted by dlib's input layer, which then divides by 256
SCALE = 256.0


class FaceNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """1 x 150 x 150 x 3 RGB, 0..255, to 1 x 128."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        super().__init__()
        self._operations = tuple(operations)
        for place, one in enumerate(operations):
            if isinstance(one, Convolution | Matrix):
                self.register_buffer(f"weight_{place}", torch.from_numpy(one.weight))
            if isinstance(one, Convolution):
                self.register_buffer(f"bias_{place}", torch.from_numpy(one.bias))
        self.register_buffer("mean", torch.tensor(MEAN_RGB))

    def forward(self, picture: Tensor) -> Tensor:
        now = ((picture - self.mean) / SCALE).permute(0, 3, 1, 2)
        kept: dict[int, Tensor] = {}
        for place, one in enumerate(self._operations):
            match one:
                case Keep(tag):
                    kept[tag] = now
                case Recall(tag):
                    now = kept[tag]
                case Add(tag):
                    now = _sum(now, kept[tag])
                case _:
                    now = self._computed(place, one, now)
        return now

    def _computed(self, place: int, one: Operation, now: Tensor) -> Tensor:
        match one:
            case Convolution():
                weight, bias = getattr(self, f"weight_{place}"), getattr(self, f"bias_{place}")
                return functional.conv2d(now, weight, bias, one.stride, one.padding)
            case Relu():
                return functional.relu(now)
            case MaxPool(size, stride):
                return functional.max_pool2d(now, size, stride)
            case MeanPool(0, _):
                return now.mean((2, 3))
            case MeanPool(size, stride):
                return functional.avg_pool2d(now, size, stride)
            case Matrix():
                return functional.linear(now, getattr(self, f"weight_{place}"))
        raise AssertionError(one)


def _sum(one: Tensor, other: Tensor) -> Tensor:
    """The smaller one filled up with zeros at the right, at the bottom and behind the last channel."""
    channels, rows, columns = (max(one.shape[axis], other.shape[axis]) for axis in (1, 2, 3))

    def filled(given: Tensor) -> Tensor:
        missing = (0, columns - given.shape[3], 0, rows - given.shape[2], 0, channels - given.shape[1])
        return functional.pad(given, missing) if any(missing) else given

    return filled(one) + filled(other)
