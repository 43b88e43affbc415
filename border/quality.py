"""One named aspect of a sample's quality, as measured and as mapped (ISO/IEC 29794-1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QualityComponent:
    """One named aspect of quality: native value and its mapping to 0..100 (100 = best)."""

    name: str  # OFIQ's name, or ours for fingers
    native: float
    mapped: float | None  # None: not mapped by the standard's formula
    metric: str  # which algorithm and version said so
    sensor_class: str = ""  # fingers only; scores of different classes are never compared
