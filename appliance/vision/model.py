"""One TFLite model: the card beside it, the hash that must match, and the interpreter that runs it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.vision.errors import ModelAbsent, ModelTampered, ModelUnfit

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tflite_runtime.interpreter import Interpreter

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

RUNTIME = Interpreter.__module__.split(".")[0]
"""Which of the two runtimes was found."""

MODELS = Path(__file__).parent / "models"
"""Where scripts/models.py puts the three face models."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a committed card says of one model file. `figures` are measurements, each with its conditions."""

    name: str
    file: str  # bare name, beside the card
    sha256: str  # hex, over the whole file
    licence: str
    source: str
    input_shape: tuple[int, ...]
    input_dtype: str
    input_meaning: str
    figures: tuple[tuple[str, float | str], ...] = ()

    def __post_init__(self) -> None:
        if Path(self.file).name != self.file or not self.file.endswith(".tflite"):
            raise ValueError(f"a model file is a bare .tflite name, not {self.file!r}")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(f"a sha256 is 64 lower-case hex digits, not {self.sha256!r}")

    @staticmethod
    def of(table: Mapping[str, Any]) -> ModelCard:
        """From parsed TOML. Raises `ValueError` naming what is missing or malformed."""
        try:
            given = table["input"]
            return ModelCard(
                name=str(table["name"]),
                file=str(table["file"]),
                sha256=str(table["sha256"]),
                licence=str(table["licence"]),
                source=str(table["source"]),
                input_shape=tuple(int(n) for n in given["shape"]),
                input_dtype=str(given["dtype"]),
                input_meaning=str(given["meaning"]),
                figures=tuple(table.get("figures", {}).items()),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the card lacks {error}") from error


def read_card(folder: Path, name: str) -> ModelCard:
    """The card `<name>.toml`. Raises `ModelAbsent` or `ModelUnfit`."""
    try:
        return ModelCard.of(tomllib.loads((folder / f"{name}.toml").read_text("utf-8")))
    except FileNotFoundError as error:
        raise ModelAbsent(name, f"no card {error.filename}") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ModelUnfit(name, str(error)) from error


def read_checked(folder: Path, card: ModelCard) -> bytes:
    """The model's bytes, whose hash is the card's. Raises `ModelAbsent` or `ModelTampered`."""
    with _opened(folder, card) as file:
        data = file.read()
    _check(card, hashlib.sha256(data).hexdigest())
    return data


@contextmanager
def checked_file(folder: Path, card: ModelCard) -> Iterator[Path]:
    """A path to the very file whose hash is the card's, also when its name is given to another meanwhile.

    Raises `ModelAbsent` or `ModelTampered`.
    """
    with _opened(folder, card) as file:
        _check(card, hashlib.file_digest(file, "sha256").hexdigest())
        yield Path(f"/proc/self/fd/{file.fileno()}")


def _opened(folder: Path, card: ModelCard) -> BufferedReader:
    try:
        return (folder / card.file).open("rb")
    except FileNotFoundError as error:
        raise ModelAbsent(
            card.name, f"no file {card.file}; scripts/models.py fetches those the release lacks"
        ) from error


def _check(card: ModelCard, found: str) -> None:
    if found != card.sha256:
        raise ModelTampered(card.name, f"the file hashes to {found[:12]}, its card says {card.sha256[:12]}")


class Model:
    """A loaded net: float32 in, float32 out, whatever it holds inside.

    Not thread-safe, like the interpreter under it. It belongs to the one thread of the appliance's model
    lane, which guarantees that nobody else calls it. `num_threads` is the net's own pool: 1, because a
    second one spins against the lane's neighbours when the processor is busy.
    """

    def __init__(self, card: ModelCard, data: bytes | Path, num_threads: int = 1) -> None:
        """The bytes of a net, or a file of them, which is mapped and not copied.

        Raises `ModelUnfit` when the bytes are no net, or one with another input than the card's.
        """
        self.card = card
        self._data = data  # where these are bytes, the interpreter points into them
        try:
            self._net = _interpreter(data, num_threads)
            self._net.allocate_tensors()
            inputs = self._net.get_input_details()
        except (ValueError, RuntimeError) as error:
            raise ModelUnfit(card.name, f"the runtime refuses it: {error}") from error
        self._input, self._outputs = inputs[0], self._net.get_output_details()
        shape = tuple(int(n) for n in self._input["shape"])
        dtype = np.dtype(self._input["dtype"]).name
        if (len(inputs), shape, dtype) != (1, card.input_shape, card.input_dtype):
            raise ModelUnfit(card.name, f"it wants {shape} {dtype}, its card {card.input_shape} {card.input_dtype}")

    @staticmethod
    def load(name: str, folder: Path = MODELS, num_threads: int = 1) -> Model:
        """Read, verify and load. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        card = read_card(folder, name)
        with checked_file(folder, card) as file:
            return Model(card, file, num_threads)

    def run(self, values: Floats) -> tuple[Floats, ...]:
        """All outputs for one input of the card's shape, in the net's order, as copies."""
        self._net.set_tensor(self._input["index"], _quantised(values, self._input))
        self._net.invoke()
        return self._outcome()

    def run_filled(self, fill: Callable[[Floats], None]) -> dict[int, Floats]:
        """As `run_by_size` of what `fill` puts, all of it, into the first of the batch: where the net reads it.

        Raises `ModelUnfit` when the net reads no floats.
        """
        if self.card.input_dtype != "float32":
            raise ModelUnfit(self.card.name, f"float32 is to be put into it, it reads {self.card.input_dtype}")
        fill(self._net.tensor(self._input["index"])()[0])  # nobody may hold that memory while the runtime runs
        self._net.invoke()
        return _by_size(self._outcome())

    def run_levels(self, levels: Pixels, meaning: Floats) -> tuple[Floats, ...]:
        """As `run` of `meaning[levels]`, for an input of bytes, each of which means one of 256 numbers.

        The numbers are quantised once and not once per byte.
        """
        values = _quantised(meaning, self._input).take(levels)
        self._net.set_tensor(self._input["index"], values.reshape(self.card.input_shape))
        self._net.invoke()
        return self._outcome()

    def _outcome(self) -> tuple[Floats, ...]:
        return tuple(_real(self._net.get_tensor(out["index"]), out) for out in self._outputs)

    def run_by_size(self, values: Floats) -> dict[int, Floats]:
        """Outputs by their number of values, flattened: converters reorder and reshape, sizes stay."""
        return _by_size(self.run(values))


def _by_size(outcome: tuple[Floats, ...]) -> dict[int, Floats]:
    return {out.size: out.ravel() for out in outcome}


def _interpreter(data: bytes | Path, num_threads: int) -> Interpreter:
    if isinstance(data, Path):
        return Interpreter(model_path=str(data), num_threads=num_threads)
    return Interpreter(model_content=data, num_threads=num_threads)


def _quantised(values: Floats, tensor: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = tensor["quantization"]
    dtype = np.dtype(tensor["dtype"])
    if not scale:
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    whole = np.clip(np.rint(values / scale) + zero, limits.min, limits.max)
    return np.asarray(whole, dtype)


def _real(values: NDArray[Any], tensor: Mapping[str, Any]) -> Floats:
    scale, zero = tensor["quantization"]
    real = values.astype(np.float32, copy=False)
    if scale:
        real -= np.float32(zero)
        real *= np.float32(scale)
    return real
