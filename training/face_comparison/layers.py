"""dlib's XML of a network, read into the operations that it does, in the order in which it does them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """`weight`: filters x channels x rows x columns; `bias`: filters."""

    weight: Floats
    bias: Floats
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Relu: ...


@dataclass(frozen=True, slots=True)
class MaxPool:
    size: int
    stride: int


@dataclass(frozen=True, slots=True)
class MeanPool:
    """`size` 0: over the whole picture."""

    size: int
    stride: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Remember the present tensor under this number."""

    tag: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Go on with the tensor remembered under this number."""

    tag: int


@dataclass(frozen=True, slots=True)
class Add:
    """Add the tensor remembered under this number, the smaller of the two filled up with zeros."""

    tag: int


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`weight`: values out x values in."""

    weight: Floats


Operation = Convolution | Relu | MaxPool | MeanPool | Keep | Recall | Add | Matrix


class LayerUnknown(Exception):
    """The XML holds what this file does not understand."""


def read(path: Path) -> tuple[Operation, ...]:
    """The operations, scale and shift of every affine layer folded into the convolution before it.

    dlib writes the last layer first. Raises `LayerUnknown`.
    """
    events = ElementTree.iterparse(path)  # noqa: S314 - original.cpp wrote it, on this machine
    elements = [element for _, element in events if element.tag == "layer"]
    return tuple(_folded(reversed(elements)))


def _folded(layers: Iterable[ElementTree.Element]) -> Iterator[Operation]:
    waiting: Convolution | None = None  # for an affine layer that may follow
    for layer in layers:
        inner = layer[0] if len(layer) else None
        if inner is not None and inner.tag == "affine_con":
            if waiting is None:
                raise LayerUnknown("an affine layer behind no convolution")
            waiting = _scaled(waiting, _values(inner))
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        made = _operation(layer, inner)
        if isinstance(made, Convolution):
            waiting = made
        elif made is not None:
            yield made
    if waiting is not None:
        yield waiting


def _scaled(convolution: Convolution, values: Floats) -> Convolution:
    gamma, beta = np.split(values, 2)
    return replace(
        convolution, weight=convolution.weight * gamma[:, None, None, None], bias=convolution.bias * gamma + beta
    )


def _operation(layer: ElementTree.Element, inner: ElementTree.Element | None) -> Operation | None:
    """None: what only training or the input has."""
    kind = layer.get("type")
    if kind in ("tag", "skip"):
        number = int(layer.get("id", ""))
        return Keep(number) if kind == "tag" else Recall(number)
    if kind in ("loss", "input"):
        return None
    if inner is None:
        raise LayerUnknown(f"an empty {kind} layer")
    return _computed(inner)


def _computed(inner: ElementTree.Element) -> Operation:
    def number(name: str) -> int:
        return int(inner.get(name, ""))

    match inner.tag:
        case "con":
            return _convolution(inner)
        case "relu":
            return Relu()
        case "max_pool":
            return MaxPool(number("nr"), number("stride_y"))
        case "avg_pool":
            return MeanPool(number("nr"), number("stride_y"))
        case "add_prev":
            return Add(number("tag"))
        case "fc_no_bias":
            values = _values(inner)
            return Matrix(values.reshape(-1, number("num_outputs")).T.copy())
    raise LayerUnknown(inner.tag)


def _convolution(inner: ElementTree.Element) -> Convolution:
    filters, rows, columns = (int(inner.get(name, "")) for name in ("num_filters", "nr", "nc"))
    values = _values(inner)
    weight, bias = values[:-filters], values[-filters:]
    stride, padding = int(inner.get("stride_y", "")), int(inner.get("padding_y", ""))
    return Convolution(weight.reshape(filters, -1, rows, columns), bias, stride, padding)


def _values(inner: ElementTree.Element) -> Floats:
    return np.array((inner.text or "").split(), np.float32)
