"""What is peculiar to an impression, in a few numbers at 500 ppi: where it lies, how dark, how broken, how straight."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.finger_region import PITCH_PPI, STEP, Mask, Region, levels_at
from appliance.vision.model import Pixels

BLOCK = 24  # px, about 1.2 mm: two or three ridges
WINDOW = 48  # px, for the spectrum; one starts at every block
RIDGE_BINS = slice(4, 9)  # of the window's radial spectrum: periods of 6 to 12 px, 0.3 to 0.6 mm
FINE_BINS = slice(10, 20)  # finer than ridges: pores, breaks, sensor noise
ALL_BINS = slice(1, 20)
NEAR_BINS = slice(3, 14)  # whose middle is taken for the ridges' rhythm: periods of 3.7 to 16 px
FLAT = 0.4  # a dark block with less than this share of the common deviation is drowned
PITCHES_PPI = range(200, 1201)  # of sensors there are

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FingerFeatures:
    """One impression. Shares are 0..1; they speak of the contact area only, and are 0 when there is none."""

    contact_mm2: float
    coverage: float  # of the picture
    reach: float  # of the picture's edge
    aside: float  # of the contact's middle from the picture's, as share of its side, the larger of two
    coherence: float  # mean; 0 no direction .. 1 parallel ridges
    bend: float  # how much the direction varies over the contact; 0 straight stripes .. 1 all ways alike
    contrast: float  # grey levels, 5th to 95th percentile
    deviation: float  # median over blocks of the standard deviation within, grey levels
    evenness: float  # of that deviation over the blocks: its lower quartile by its upper one
    dark_share: float  # of pixels darker than half-way between ridge and valley
    drowned: float  # share of blocks that are dark and flat
    ridge_energy: float  # mean share of the strongest ridge rhythm in the spectrum
    fine_energy: float  # mean share of what is finer than ridges
    period_px: float  # of the rhythm; 0 none


NOTHING = FingerFeatures(*(0.0,) * 14)


def measure(grey: NDArray[np.float32], region: Region) -> FingerFeatures:
    """Features of a grey impression at 500 ppi (height x width, whole levels, 0 = ridge), segmented before."""
    if min(grey.shape) < WINDOW:
        return NOTHING
    contact = _touched_blocks(region.mask, grey.shape)
    if not contact.any():
        return NOTHING
    direction, deviation, mean = _blocks(grey)
    coherence = np.abs(direction)
    rows, columns = contact.shape
    touched = np.repeat(np.repeat(contact, BLOCK, axis=0), BLOCK, axis=1)
    inside = grey[: rows * BLOCK, : columns * BLOCK][touched]
    low, high = levels_at(inside, (0.05, 0.95))
    lower, common, upper = np.percentile(deviation[contact], [25, 50, 75])
    flat = (deviation < FLAT * upper) & (mean < (low + high) / 2)
    whole = contact[:-1, :-1] & contact[1:, :-1] & contact[:-1, 1:] & contact[1:, 1:]
    ridge, fine, period = _spectra(grey, whole)
    return FingerFeatures(
        contact_mm2=region.area_mm2,
        coverage=region.coverage,
        reach=region.reach,
        aside=max(abs(place - 0.5) for place in region.centre),
        coherence=float(coherence[contact].mean()),
        bend=1.0 - float(abs(direction[contact].sum()) / max(float(coherence[contact].sum()), 1e-9)),
        contrast=high - low,
        deviation=float(common),
        evenness=float(lower / max(upper, 1e-9)),
        dark_share=float((inside < (low + high) / 2).mean()),
        drowned=float(flat[contact].mean()),
        ridge_energy=ridge,
        fine_energy=fine,
        period_px=period,
    )


def resampled(pixels: Pixels, pitch_ppi: int) -> Pixels:
    """The impression at 500 ppi. Raises `ValueError` for a pitch that no sensor has."""
    if pitch_ppi not in PITCHES_PPI:
        raise ValueError(f"{pitch_ppi} ppi is no fingerprint sensor's pitch")
    scale = PITCH_PPI / pitch_ppi
    if scale == 1 or 0 in pixels.shape:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def _touched_blocks(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """Which whole blocks lie for the most part in the region."""
    cells = BLOCK // STEP
    rows, columns = (side // BLOCK for side in shape)
    cut = mask[: rows * cells, : columns * cells]
    return np.asarray(cut.reshape(rows, cells, columns, cells).mean(axis=(1, 3)) > 0.5, bool)


def _blocks(grey: NDArray[np.float32]) -> tuple[NDArray[np.complex128], Values, Values]:
    """For each whole block: the ridge direction, the standard deviation and the mean.

    A direction is a complex number: its length is the coherence of the structure tensor, its angle twice the
    direction's, so that opposite ways are one.
    """
    across, down = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    xx, yy, xy = (_block_means(a * b) for a, b in ((across, across), (down, down), (across, down)))
    energy = xx + yy
    doubled = (xx - yy) + 2j * xy
    direction = np.divide(doubled, energy, out=np.zeros_like(doubled), where=energy > 0)
    mean = _block_means(grey)
    variance = _block_means(grey * grey) - mean**2
    return direction, np.sqrt(np.maximum(variance, 0)), mean


def _block_means(values: NDArray[np.float32]) -> Values:
    rows, columns = (n // BLOCK for n in values.shape)
    cut = values[: rows * BLOCK, : columns * BLOCK]
    across = cut.reshape(rows, BLOCK, columns * BLOCK).sum(axis=1, dtype=np.float64)  # whole rows first: they lie so
    return np.asarray(across.reshape(rows, columns, BLOCK).sum(axis=2) / BLOCK**2)


def _rings() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the flattened left columns of a spectrum: its order by radius, and where each radius begins in that order."""
    y = np.fft.fftfreq(WINDOW) * WINDOW
    radius = np.rint(np.hypot(y[:, None], np.arange(ALL_BINS.stop))).astype(int).ravel()
    order = np.argsort(radius, kind="stable")[: int((radius < ALL_BINS.stop).sum())]
    return order, np.searchsorted(radius[order], np.arange(ALL_BINS.stop))


ORDER, STARTS = _rings()
TAPER = np.outer(np.hanning(WINDOW), np.hanning(WINDOW)).astype(np.float32)


def _spectra(grey: NDArray[np.float32], whole: Mask) -> tuple[float, float, float]:
    """Over the windows that lie in the contact: the strongest ridge bin's share, what is finer, and the period."""
    if not whole.any():
        return 0.0, 0.0, 0.0
    corners = (np.argwhere(whole) * BLOCK).tolist()
    # one window after another, because all at once leave the processor's cache: half the time
    power = np.stack([_power(grey[top : top + WINDOW, left : left + WINDOW]) for top, left in corners])
    bins = np.add.reduceat(power, STARTS, axis=1) + 1e-9
    total = bins[:, ALL_BINS].sum(axis=-1) + 1e-6
    near = bins[:, NEAR_BINS].sum(axis=0)
    shares = bins[:, RIDGE_BINS].max(axis=-1) / total, bins[:, FINE_BINS].sum(axis=-1) / total
    return (
        float(shares[0].mean()),
        float(shares[1].mean()),
        float(WINDOW * near.sum() / (near @ np.arange(NEAR_BINS.start, NEAR_BINS.stop))),
    )


def _power(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrum's power up to the finest ring, ring after ring (see `_rings`)."""
    lines = cv2.dft((window - np.float32(cv2.mean(window)[0])) * TAPER, flags=cv2.DFT_COMPLEX_OUTPUT)
    left = lines[:, : ALL_BINS.stop]
    power: NDArray[np.float32] = left[..., 0] ** 2 + left[..., 1] ** 2
    return power.ravel()[ORDER]
