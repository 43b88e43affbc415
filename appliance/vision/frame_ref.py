"""Which picture a judgement was made of: the driver's hash of it, its camera and its time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameRef:
    """`sha256` (hex) is the driver's, over the pixels; `at_s` is monotonic, when it was captured."""

    sha256: str
    camera: str  # device id
    at_s: float
