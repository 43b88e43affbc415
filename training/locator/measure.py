"""What the finished locator finds, on scenes that no training has seen."""

from __future__ import annotations

import time
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_finder import Finder, Zone, grown
from training.locator.scenes import Scene, Stock, random_scene

Floats = NDArray[np.float32]

TEST_SEED = 910_000  # no training scene comes near it
TEST_SHEETS, TEST_SUPPORTS, TEST_SCENES = 60, 40, 400
NOT_FOUND = (False, False, False, 1.0)
NEAR = 0.5  # share of the true zone that a found one must cover


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of the scenes that hold a zone, but for `invented`, which is of the `empty` ones.

    `found`: the likeliest patch covers at least half of the zone. `right_way`: and its lines read from the right
    end. `held`: and the band cut from it holds all four corners. `off`: median distance of the corners over width.
    """

    scenes: int
    found: float
    right_way: float
    held: float
    off: float
    empty: int
    invented: float
    cpu_ms: float


def score_scenes(finder: Finder, count: int = TEST_SCENES) -> Score:
    """The likeliest zone of each scene against the true one."""
    stock = Stock.of(TEST_SEED, TEST_SHEETS, TEST_SUPPORTS)
    rng = np.random.default_rng(TEST_SEED)
    rows, invented, times_s = list[tuple[bool, bool, bool, float]](), list[bool](), list[float]()
    for _ in range(count):
        scene = random_scene(rng, stock)
        began_s = time.process_time()
        zones = finder.find(scene.seen)
        times_s.append(time.process_time() - began_s)
        if scene.zone is None:
            invented.append(bool(zones))
        else:
            rows.append(_judged(zones[0], scene) if zones else NOT_FOUND)
    found, right_way, held, off = np.array(rows).T
    cpu_ms = float(np.median(times_s)) * 1000
    shares = (float(found.mean()), float(right_way.mean()), float(held.mean()))
    return Score(
        count, *shares, float(np.median(off)), len(invented), float(np.mean(invented)) if invented else 0.0, cpu_ms
    )


def _judged(zone: Zone, scene: Scene) -> tuple[bool, bool, bool, float]:
    assert scene.zone is not None
    true = scene.zone
    area = float(cv2.contourArea(true))
    common, _ = cv2.intersectConvexConvex(zone.corners, true)
    found = area > 0 and common / area >= NEAR
    along, said = true[1] - true[0], zone.corners[1] - zone.corners[0]
    right_way = found and float(along @ said) > 0
    band = grown(zone)
    held = right_way and all(cv2.pointPolygonTest(band, corner.tolist(), measureDist=False) >= 0 for corner in true)
    off = float(np.linalg.norm(zone.corners - true, axis=1).mean() / np.linalg.norm(along))
    return found, right_way, held, off
