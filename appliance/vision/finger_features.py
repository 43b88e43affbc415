"""What an impression looks like in numbers, block by block at 500 ppi: direction, contrast, ridge rhythm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from appliance.vision.model import Pixels

PITCH_PPI = 500  # all figures below speak of this pitch
BLOCK = 24  # px, about 1.2 mm: two or three ridges
WINDOW = 48  # px, for the spectrum; one starts at every block
MIN_CONTACT_SD = 8.0  # grey levels; bare glass has less, the faintest ridge more
RIDGE_BINS = slice(4, 9)  # of the window's radial spectrum: periods of 6 to 12 px, 0.3 to 0.6 mm
FINE_BINS = slice(10, 20)  # finer than ridges: pores, breaks, sensor noise
ALL_BINS = slice(1, 20)
PITCHES_PPI = range(200, 1201)  # of sensors there are

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FingerFeatures:
    """One impression. Shares are 0..1; they speak of the contact area only, and are 0 when there is none."""

    contact_mm2: float
    clear_mm2: float  # contact with a distinct ridge direction
    centre: tuple[float, float]  # of the contact, as shares of the picture from its left and top
    coherence: float  # mean; 0 no direction .. 1 parallel ridges
    bend: float  # how much the direction varies over the contact; 0 straight stripes .. 1 all ways alike
    contrast: float  # grey levels, 5th to 95th percentile
    deviation: float  # median over blocks of the standard deviation within, grey levels
    dark_share: float  # of pixels darker than half-way between ridge and valley
    ridge_energy: float  # mean share of the strongest ridge rhythm in the spectrum
    fine_energy: float  # mean share of what is finer than ridges


NOTHING = FingerFeatures(0.0, 0.0, (0.5, 0.5), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def measure(pixels: Pixels, pitch_ppi: int) -> FingerFeatures:
    """Features of a grey impression (height x width, uint8, 0 = ridge). Raises `ValueError` for an absurd pitch."""
    grey = resampled(pixels, pitch_ppi)
    if min(grey.shape) < WINDOW:
        return NOTHING
    direction, deviation = _blocks(grey)
    coherence = np.abs(direction)
    contact = deviation > MIN_CONTACT_SD
    if not contact.any():
        return NOTHING
    ridge, fine = _spectra(grey)
    rows, columns = contact.shape
    touched = np.repeat(np.repeat(contact, BLOCK, axis=0), BLOCK, axis=1)
    inside = grey[: rows * BLOCK, : columns * BLOCK][touched]
    low, high = np.percentile(inside, [5, 95])
    down, across = (np.argwhere(contact).mean(axis=0) + 0.5) * BLOCK
    whole = contact[:-1, :-1] & contact[1:, :-1] & contact[:-1, 1:] & contact[1:, 1:]
    block_mm2 = (BLOCK * 25.4 / PITCH_PPI) ** 2
    return FingerFeatures(
        contact_mm2=float(contact.sum()) * block_mm2,
        clear_mm2=float((contact & (coherence > 0.6)).sum()) * block_mm2,
        centre=(float(across / grey.shape[1]), float(down / grey.shape[0])),
        coherence=float(coherence[contact].mean()),
        bend=1.0 - float(abs(direction[contact].sum()) / max(float(coherence[contact].sum()), 1e-9)),
        contrast=float(high - low),
        deviation=float(np.median(deviation[contact])),
        dark_share=float((inside < (low + high) / 2).mean()),
        ridge_energy=float(ridge[whole].mean()) if whole.any() else 0.0,
        fine_energy=float(fine[whole].mean()) if whole.any() else 0.0,
    )


def resampled(pixels: Pixels, pitch_ppi: int) -> NDArray[np.float32]:
    """The impression at 500 ppi."""
    if pitch_ppi not in PITCHES_PPI:
        raise ValueError(f"{pitch_ppi} ppi is no fingerprint sensor's pitch")
    scale = PITCH_PPI / pitch_ppi
    if scale == 1 or 0 in pixels.shape:
        return pixels.astype(np.float32)
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.float32)


def _blocks(grey: NDArray[np.float32]) -> tuple[NDArray[np.complex128], Values]:
    """For each whole block: the ridge direction, and the standard deviation.

    A direction is a complex number: its length is the coherence of the structure tensor, its angle twice the
    direction's, so that opposite ways are one.
    """
    across, down = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    xx, yy, xy = (_block_means(a * b) for a, b in ((across, across), (down, down), (across, down)))
    energy = xx + yy
    doubled = (xx - yy) + 2j * xy
    direction = np.divide(doubled, energy, out=np.zeros_like(doubled), where=energy > 0)
    mean = _block_means(grey)
    variance = _block_means(np.square(grey, dtype=np.float64)) - mean**2
    return direction, np.sqrt(np.maximum(variance, 0))


def _block_means(values: NDArray[np.floating]) -> Values:
    rows, columns = (n // BLOCK for n in values.shape)
    cut = values[: rows * BLOCK, : columns * BLOCK].astype(np.float64)
    out: Values = cut.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return out


def _rings() -> NDArray[np.float32]:
    """A matrix that sums a flattened half spectrum of a window into radial bins."""
    y = np.fft.fftfreq(WINDOW) * WINDOW
    x = np.fft.rfftfreq(WINDOW) * WINDOW
    radius = np.rint(np.hypot(y[:, None], x[None])).astype(int).ravel()
    rings: NDArray[np.float32] = np.eye(int(radius.max()) + 1, dtype=np.float32)[radius]
    return rings


RINGS = _rings()
TAPER = np.outer(np.hanning(WINDOW), np.hanning(WINDOW)).astype(np.float32)


def _spectra(grey: NDArray[np.float32]) -> tuple[Values, Values]:
    """For each window: share of the strongest ridge bin, and share of all that is finer than ridges."""
    windows = sliding_window_view(grey, (WINDOW, WINDOW))[::BLOCK, ::BLOCK]
    level = windows.mean(axis=(2, 3), keepdims=True)
    power = np.abs(np.fft.rfft2((windows - level) * TAPER)) ** 2
    bins = power.reshape(*power.shape[:2], -1).astype(np.float32) @ RINGS
    total = bins[..., ALL_BINS].sum(axis=-1).astype(np.float64) + 1e-6
    return bins[..., RIDGE_BINS].max(axis=-1) / total, bins[..., FINE_BINS].sum(axis=-1) / total
