"""Who a synthetic head is: proportions and colours drawn from a seed. SYNTHETIC: nobody looks like this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Hair(StrEnum):
    BALD = "bald"
    CROPPED = "cropped"
    SHORT = "short"
    ROUND = "round"  # a full, curly crown
    LONG = "long"  # falls beside the neck to the shoulders


@dataclass(frozen=True, slots=True)
class Build:
    """Proportions as factors of an average head (1.0), centimetres where the name says so."""

    width: float
    jaw: float
    length: float
    cheek: float
    chin: float
    nose_length: float
    nose_width: float
    nose_height: float
    eye_gap_cm: float  # midline to the middle of an eye
    eye_size: float
    eye_tilt: float  # radians, outer corner up
    brow_height_cm: float
    lip_fullness: float
    mouth_width: float
    neck: float


@dataclass(frozen=True, slots=True)
class Look:
    """Colours are linear-light RGB 0..1; shares are 0..1."""

    skin: tuple[float, float, float]
    lips: tuple[float, float, float]
    iris: tuple[float, float, float]
    hair: tuple[float, float, float]
    clothes: tuple[float, float, float]
    hair_style: Hair
    hairline_cm: float  # height of the hairline above the eyes at the midline
    brow_weight: float
    freckles: float
    wrinkles: float
    lid_crease: float


@dataclass(frozen=True, slots=True)
class Identity:
    """One synthetic person. Equal seeds give equal heads on every machine with the same numpy."""

    seed: int
    age_years: int
    build: Build
    look: Look

    def __post_init__(self) -> None:
        if not 5 <= self.age_years <= 100:
            raise ValueError(f"a head is drawn for 5 to 100 years, not {self.age_years}")

    @staticmethod
    def of(seed: int, age_years: int | None = None) -> Identity:
        """The person of this seed; `age_years` (5..100) overrides the age drawn, the rest stays."""
        rng = np.random.default_rng([0xFACE, seed])
        drawn = int(rng.integers(19, 76))
        age = drawn if age_years is None else age_years
        return Identity(seed, age, _build(rng, age), _look(rng, age))


_TONES = np.array(  # sRGB 0..255, lightest to darkest
    [(240, 203, 180), (228, 182, 150), (205, 155, 120), (163, 112, 80), (118, 76, 54), (78, 50, 38)]
)
_IRISES = np.array([(70, 42, 26), (92, 58, 32), (112, 84, 44), (88, 98, 62), (84, 112, 132), (56, 34, 22)])
_HAIRS = np.array([(22, 18, 17), (38, 27, 21), (70, 46, 30), (118, 80, 46), (168, 128, 78), (104, 52, 30)])
_CLOTHES = np.array(
    [(34, 62, 96), (150, 46, 42), (226, 222, 210), (46, 92, 74), (210, 158, 52), (70, 70, 78), (88, 52, 96)]
)
_GREY = np.array((190, 188, 184))


def linear(srgb: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float, float]:
    """sRGB 0..255 as linear light 0..1, by the plain 2.2 power."""
    r, g, b = (float(v) for v in (np.clip(srgb, 0, 255) / 255.0) ** 2.2)
    return r, g, b


def _build(rng: np.random.Generator, age: int) -> Build:
    youth = float(np.clip((16 - age) / 8, 0, 1))  # a child's jaw and nose are smaller, the eyes larger

    def about(mean: float, spread: float) -> float:
        return mean + spread * float(np.clip(rng.normal(), -1.8, 1.8))

    return Build(
        width=about(1.0, 0.045) * (1 - 0.05 * youth),
        jaw=about(1.02, 0.08) * (1 - 0.06 * youth),
        length=about(1.0, 0.035) * (1 - 0.14 * youth),
        cheek=about(1.0, 0.5),
        chin=about(1.0, 0.3) * (1 - 0.4 * youth),
        nose_length=about(1.0, 0.06) * (1 - 0.2 * youth),
        nose_width=about(1.05, 0.18) * (1 - 0.1 * youth),
        nose_height=about(1.0, 0.12) * (1 - 0.18 * youth),
        eye_gap_cm=about(3.15, 0.12) * (1 - 0.06 * youth),
        eye_size=about(1.0, 0.07) * (1 + 0.12 * youth),
        eye_tilt=about(0.05, 0.05),
        brow_height_cm=about(1.75, 0.18),
        lip_fullness=about(1.1, 0.3),
        mouth_width=about(1.0, 0.09) * (1 - 0.08 * youth),
        neck=about(1.0, 0.07) * (1 - 0.15 * youth),
    )


def _between(
    table: np.ndarray[tuple[int, ...], np.dtype[np.int64]], at: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    index = at * (len(table) - 1)
    low = min(int(index), len(table) - 2)
    mixed: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = table[low] * (1 - index + low) + table[low + 1] * (
        index - low
    )
    return mixed


def _look(rng: np.random.Generator, age: int) -> Look:
    tone = float(rng.uniform(0.0, 1.0))
    skin = _between(_TONES, tone) * rng.normal(1.0, 0.02, 3)
    dark = tone > 0.45
    iris = _IRISES[rng.integers(0, 2) if dark else rng.integers(0, len(_IRISES))] * rng.uniform(0.85, 1.15)
    hair = _HAIRS[rng.integers(0, 2) if dark else rng.integers(0, len(_HAIRS))] * rng.uniform(0.85, 1.15)
    grey = float(np.clip((age - 38) / 34 + rng.normal(0, 0.15), 0, 1))
    styles = [Hair.CROPPED, Hair.SHORT, Hair.ROUND, Hair.LONG, Hair.CROPPED, Hair.SHORT, Hair.BALD]
    style = styles[int(rng.integers(0, 6 if age < 30 else 7))]
    rose = np.array((0.92, 0.62, 0.64)) if not dark else np.array((1.02, 0.74, 0.76))
    return Look(
        skin=linear(skin),
        lips=linear(skin * rose * rng.uniform(0.9, 1.02)),
        iris=linear(iris),
        hair=linear(hair * (1 - grey) + _GREY * grey),
        clothes=linear(_CLOTHES[rng.integers(0, len(_CLOTHES))] * rng.uniform(0.8, 1.05)),
        hair_style=style,
        hairline_cm=float(rng.uniform(5.6, 7.0)),
        brow_weight=float(rng.uniform(0.7, 1.25)),
        freckles=float(rng.uniform(0, 1)) ** 3 * (1 - tone),
        wrinkles=float(np.clip((age - 32) / 45, 0, 1)),
        lid_crease=float(rng.uniform(0.35, 1.0)),
    )
