"""Light on a synthetic head, the camera that sees it, and the blurred port behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


class Lighting(StrEnum):
    GOOD = "good"
    DARK = "dark"
    BACKLIT = "backlit"


@dataclass(frozen=True, slots=True)
class Rig:
    """Directions point to the lamp (x right, y down, z away); powers are relative to white paper = 1."""

    key: tuple[float, float, float]
    key_power: float
    fill: tuple[float, float, float]
    fill_power: float
    sky: float
    rim: float
    gain: float  # of the whole picture
    backdrop: float
    noise: float  # grey levels


RIGS = {
    Lighting.GOOD: Rig((0.45, -0.55, -0.85), 0.58, (-0.7, -0.1, -0.7), 0.20, 0.27, 0.0, 1.0, 0.85, 1.6),
    Lighting.DARK: Rig((0.8, -0.7, -0.3), 0.15, (-0.7, 0.0, -0.7), 0.02, 0.05, 0.0, 0.75, 0.10, 5.0),
    Lighting.BACKLIT: Rig((0.2, -0.6, -0.8), 0.05, (-0.7, 0.0, -0.7), 0.03, 0.09, 0.9, 1.0, 2.6, 2.5),
}


LAMP_POWER = 0.9
"""Of a lamp beside the lens at full, on a face half a metre away."""


def shade(colour: Floats, gloss: Floats, normal: Floats, towards: Floats, rig: Rig, lamp: float = 0.0) -> Floats:
    """Linear RGB (n, 3) leaving the surface towards the camera; `normal` and `towards` are unit (n, 3)."""
    key, fill = _unit(rig.key), _unit(rig.fill)
    to_key = normal @ key
    lit = np.clip((to_key + 0.22) / 1.22, 0, 1) * rig.key_power
    lit += np.clip((normal @ fill + 0.35) / 1.35, 0, 1) * rig.fill_power
    lit += LAMP_POWER * lamp * np.clip(dot_rows(normal, towards), 0, 1)
    lit += rig.sky * (0.68 - 0.32 * normal[:, 1])
    edge = 1 - np.clip(dot_rows(normal, towards), 0, 1)
    lit += rig.rim * edge**4
    out = colour * lit[:, None]
    out[:, 0] *= 1 + 0.10 * np.exp(-((to_key / 0.25) ** 2))  # light bleeding red through skin at the terminator
    half = unit_rows(towards + key)
    sharp = 12 + 60 * gloss
    shine = np.clip(dot_rows(normal, half), 0, 1) ** sharp * gloss * 0.35 * rig.key_power
    shine += edge**4 * gloss * 0.18 * rig.sky
    return np.asarray(out + shine[:, None], np.float32)


def _unit(direction: tuple[float, float, float]) -> Floats:
    vector = np.array(direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def unit_rows(vectors: Floats) -> Floats:
    length = np.sqrt(dot_rows(vectors, vectors)) + 1e-6
    return np.asarray(vectors / length[:, None], np.float32)


def dot_rows(a: Floats, b: Floats) -> Floats:
    """The dot product of each pair of rows of (n, 3) arrays."""
    return np.asarray(a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2], np.float32)


def develop(light: Floats, rig: Rig) -> Pixels:
    """A camera's 8-bit BGR picture of linear RGB light (height, width, 3): lens, gain, gamma; no noise yet."""
    soft = cv2.GaussianBlur(light, (0, 0), 0.55)
    toned = soft * rig.gain
    toned = np.where(toned > 0.8, 0.8 + 0.2 * np.tanh((toned - 0.8) / 0.45), toned)  # highlights roll off
    seen = cv2.pow(np.clip(toned, 0, 1).astype(np.float32), 1 / 2.2) * 255
    return np.ascontiguousarray(np.clip(seen[..., ::-1] + 0.5, 0, 255).astype(np.uint8))


@lru_cache(maxsize=4)
def _grain_sheet(height: int, width: int, deviation: float) -> NDArray[np.int16]:
    noise = np.random.default_rng(0x6AA1).normal(0, deviation, (height + 64, width + 64, 3))
    return np.asarray(np.rint(noise), np.int16)


def grainy(picture: Pixels, rig: Rig, noise_seed: int) -> Pixels:
    """The picture with sensor noise, cut from one sheet so that a frame costs no random numbers."""
    height, width = picture.shape[:2]
    dy, dx = np.random.default_rng([0x6AA2, noise_seed]).integers(0, 64, 2)
    sheet = _grain_sheet(height, width, rig.noise)[dy : dy + height, dx : dx + width]
    return np.asarray(cv2.add(picture, np.ascontiguousarray(sheet), dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=8)
def backdrop(seed: int, height: int, width: int) -> Floats:
    """The port out of focus: sky, sea, quay, boxes and a ship; linear RGB (height, width, 3)."""
    rng = np.random.default_rng([0xBAC, seed])
    view = np.empty((height, width, 3), np.float32)
    horizon = int(height * rng.uniform(0.42, 0.55))
    fade = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    view[:] = (np.array((0.30, 0.48, 0.68)) * (1 - fade) + np.array((0.72, 0.76, 0.76)) * fade)[:, None]
    view[horizon:] = (0.07, 0.20, 0.25)
    view[int(height * 0.72) :] = (0.30, 0.28, 0.25)
    paints = np.array(
        [(0.45, 0.10, 0.07), (0.06, 0.16, 0.34), (0.50, 0.30, 0.06), (0.10, 0.28, 0.16), (0.6, 0.6, 0.58)]
    )
    for _ in range(9):
        left, wide = int(rng.integers(-60, width)), int(rng.integers(40, 130))
        tall = int(rng.integers(25, 90))
        foot = int(height * rng.uniform(0.66, 0.82))
        view[max(foot - tall, 0) : foot, max(left, 0) : max(left + wide, 0)] = paints[rng.integers(0, 5)] * rng.uniform(
            0.6, 1.1
        )
    hull = int(rng.integers(0, width // 2))
    view[horizon - 34 : horizon + 12, hull : hull + 220] = (0.66, 0.67, 0.66)
    blurred = cv2.GaussianBlur(view, (0, 0), 11 * width / 640)
    blurred.setflags(write=False)
    return np.asarray(blurred, np.float32)
