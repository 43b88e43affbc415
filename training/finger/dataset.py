"""What the kiosk measures of many synthetic impressions, and what was done to each; kept, as drawing takes long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.vision.finger_quality import look
from simulators import fingers
from training.finger.impressions import HELD_OUT, LOOKS, Fault, Impression, Look, touched
from training.finger.patterns import grown

Values = NDArray[np.float64]

SHARES = {fault: 1 for fault in Fault} | {Fault.MIXED: 12, Fault.NONE: 4}
"""How often each fault is drawn for each pattern and look."""
QUAY = {
    fingers.Condition.GOOD: Fault.NONE,
    fingers.Condition.DRY: Fault.DRY,
    fingers.Condition.WET: Fault.WET,
    fingers.Condition.LIGHT: Fault.LIGHT,
    fingers.Condition.PARTIAL: Fault.PARTIAL,
    fingers.Condition.OFF_CENTRE: Fault.OFF_CENTRE,
    fingers.Condition.EMPTY: Fault.EMPTY,
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """`inputs`: n x finger_quality.INPUTS, as the net gets them. `quality`: 0..1, what was left of the pattern."""

    inputs: Values
    quality: Values
    fault: tuple[str, ...]
    look: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """`measures` and the `wanted` scores of them; `inputs` and the `faults` of those, as numbers of FAULTS."""

    measures: Values
    wanted: Values
    inputs: Values
    faults: NDArray[np.int64]


def drawn(seed: int, patterns: int, looks: Sequence[str]) -> list[Impression]:
    """Equal arguments draw equal impressions."""
    rng = np.random.default_rng([0xF17E, seed])
    wanted = [look for look in LOOKS if look.name in looks]
    out: list[Impression] = []
    for _ in range(patterns):
        pattern = grown(rng)
        out += [touched(rng, pattern, look, f) for look in wanted for f, share in SHARES.items() for _ in range(share)]
    return out


def drawn_at_the_quay(seed: int, patterns: int) -> list[Impression]:
    """The practice port's own generator is one more look: another hand drew it."""
    rng = np.random.default_rng([0x9A1, seed])
    look = Look("quay", "optical", ((288, 256),), (500,), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), 0, 0, (256, 16))
    out: list[Impression] = []
    for number in range(patterns):
        finger = fingers.master(seed + number)
        for condition, fault in QUAY.items():
            for touch in (1, 2, 3):
                step = int(rng.choice((1, 16)))
                pixels = fingers.impression(finger, condition, touch) // step * step
                out.append(Impression(pixels.astype(np.uint8), 500, look, fault, 1.0 if fault is Fault.NONE else 0.4))
    return out


def rows(folder: Path, seed: int, patterns: int, looks: Sequence[str]) -> Rows:
    """Inputs of `drawn(...)`, and of a quay's impressions when "quay" is among the looks; kept in the folder."""
    path = folder / f"rows-{seed}-{patterns}-{'-'.join(looks)}.npz"
    if not path.is_file():
        impressions = drawn_at_the_quay(seed, patterns) if tuple(looks) == ("quay",) else drawn(seed, patterns, looks)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            inputs=[look(i.pixels, i.pitch_ppi).inputs for i in impressions],
            quality=[i.quality for i in impressions],
            fault=[i.fault.value for i in impressions],
            look=[i.look.name for i in impressions],
        )
        part.replace(path)
    with np.load(path) as kept:
        names = tuple(kept["fault"].tolist()), tuple(kept["look"].tolist())
        return Rows(kept["inputs"].astype(np.float64), kept["quality"], *names)


TRAINED = tuple(look.name for look in LOOKS if look.name not in HELD_OUT)
