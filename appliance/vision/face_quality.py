"""Face quality, component by component: names and formulas as OFIQ has them for ISO/IEC 29794-5.

Aligned with the standard, not conformant to it: landmarks and pose come from another mesh than OFIQ's, and
components that need OFIQ's own nets (occlusion, compression, expression, the unified score) are left out.
Sharpness, FaceHighlights and BackLight are ours. EyesOpen takes the lids of the iris net.
Luminance components see skin and light together, dark skin in good light scores low on LuminanceMean: a
policy does well to set its minimum on exposure and dynamic range instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision import face_light
from appliance.vision.eye_lids import Lids
from appliance.vision.face_detection import DetectedFace
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import (
    CHIN,
    INNER_LIPS,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from appliance.vision.model import Pixels
from appliance.vision.pose import Pose, mesh_xy, pose_of
from border.quality import QualityComponent

ALIGNED = "landfall-29794-5-aligned-1"
OWN = "landfall-face-1"

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """OFIQ's mapping from native to 0..100: height * (offset + sign / (1 + exp((middle - x) / width)))."""

    middle: float
    width: float
    height: float = 100.0
    offset: float = 0.0
    sign: float = 1.0

    def __call__(self, native: float) -> float:
        steps = min(max((self.middle - native) / self.width, -700.0), 700.0)  # exp must not overflow
        return bounded(self.height * (self.offset + self.sign / (1 + math.exp(steps))))


EYE_DISTANCE = Sigmoid(70, 20)
HEAD_SIZE = Sigmoid(0, 0.05, height=200, offset=1, sign=-1)
IDEAL_HEAD_SIZE = 0.45
SIDE_CROP = Sigmoid(0.9, 0.1)
MARGIN_ABOVE = Sigmoid(1.4, 0.1)
MARGIN_BELOW = Sigmoid(1.8, 0.1)
EYES_OPEN = Sigmoid(0.02, 0.01)
MOUTH_CLOSED = Sigmoid(0.2, 0.06, offset=1, sign=-1)
UNDER_EXPOSURE = Sigmoid(0.92, 0.05, height=120, offset=0.832, sign=-1)
NATURAL_COLOUR = Sigmoid(0, 10, height=200, offset=1, sign=-1)

# ours, no standard's
SHARPNESS = Sigmoid(0.15, 0.03)
HIGHLIGHTS = Sigmoid(86, 5)
MAX_SURROUND_RATIO = 9.0  # mapped to 50


def bounded(mapped: float) -> float:
    """Rounded as OFIQ rounds, kept in 0..100; NaN stays NaN, so that no limit accepts it."""
    return float(round(min(max(mapped, 0.0), 100.0))) if math.isfinite(mapped) else math.nan


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-min(max(x, -700.0), 700.0)))


def _luminance_mean(mean: float) -> float:
    return 100 * _logistic((mean - 0.2) / 0.05) * (1 - _logistic((mean - 0.8) / 0.05))


def _luminance_variance(variance: float) -> float:
    return 100 * math.sin(math.pi * 60 * variance / (60 * variance + 1))


def _angle(degrees: float) -> float:
    return 100 * max(0.0, math.cos(math.radians(degrees))) ** 2


MAPPINGS: dict[str, Callable[[float], float]] = {
    "SingleFacePresent": lambda second: 100 * (1 - second),
    "HeadPoseYaw": _angle,
    "HeadPosePitch": _angle,
    "HeadPoseRoll": _angle,
    "InterEyeDistance": EYE_DISTANCE,
    "HeadSize": lambda size: HEAD_SIZE(abs(size - IDEAL_HEAD_SIZE)),
    "LeftwardCropOfTheFaceImage": SIDE_CROP,
    "RightwardCropOfTheFaceImage": SIDE_CROP,
    "MarginAboveOfTheFaceImage": MARGIN_ABOVE,
    "MarginBelowOfTheFaceImage": MARGIN_BELOW,
    "EyesOpen": EYES_OPEN,
    "MouthClosed": MOUTH_CLOSED,
    "LuminanceMean": _luminance_mean,
    "LuminanceVariance": _luminance_variance,
    "UnderExposurePrevention": UNDER_EXPOSURE,
    "OverExposurePrevention": lambda share: 1 / (share + 0.01),
    "DynamicRange": lambda bits: 12.5 * bits,
    "IlluminationUniformity": lambda overlap: 100 * overlap**0.3,
    "NaturalColour": NATURAL_COLOUR,
    "Sharpness": SHARPNESS,
    "FaceHighlights": HIGHLIGHTS,
    "BackLight": lambda ratio: 50 * MAX_SURROUND_RATIO / max(ratio, 1e-3),
}
"""OFIQ's component names, in the order of the record, with what makes 0..100 of each native value."""

OURS = ("Sharpness", "FaceHighlights", "BackLight")


def component(name: str, native: float) -> QualityComponent:
    """One measure with its mapped value; a native that is no number maps to none."""
    native = float(native)  # numpy has no place in a record
    mapped = bounded(MAPPINGS[name](native)) if math.isfinite(native) else math.nan
    return QualityComponent(name, native, mapped, OWN if name in OURS else ALIGNED)


def assess(pixels: Pixels, mesh: FaceMesh, lids: Lids) -> tuple[QualityComponent, ...]:
    """Every component of the one face of a BGR frame, SingleFacePresent excepted."""
    marks = Marks.of(mesh)
    light = face_light.measure(pixels, mesh, marks.right_eye, marks.left_eye, marks.mouth)
    natives = {**_place(marks, mesh, pose_of(mesh)), **_features(mesh, marks, lids), **_light(light)}
    return tuple(component(name, native) for name, native in natives.items())


@dataclass(frozen=True, slots=True)
class Marks:
    """The few places all framing measures start from, in pixels of the frame."""

    right_eye: Values
    left_eye: Values
    mouth: Values
    eye_distance: float
    face_length: float  # from between the eyes to the chin; OFIQ's T

    @staticmethod
    def of(mesh: FaceMesh) -> Marks:
        xy = mesh_xy(mesh)
        right = (xy[RIGHT_EYE_OUTER] + xy[RIGHT_EYE_INNER]) / 2
        left = (xy[LEFT_EYE_OUTER] + xy[LEFT_EYE_INNER]) / 2
        mouth = xy[list(INNER_LIPS[0])].mean(axis=0)
        length = float(np.linalg.norm(xy[CHIN] - (right + left) / 2))
        return Marks(right, left, mouth, float(np.linalg.norm(left - right)), length)

    @property
    def middle(self) -> Values:
        return (self.right_eye + self.left_eye) / 2


def single_face(faces: Sequence[DetectedFace]) -> QualityComponent:
    """Native: 0 one face alone .. 1 a second one as large, or none."""
    areas = [face.area for face in faces]
    return component(
        "SingleFacePresent", 1.0 if not areas else 0.0 if len(areas) == 1 else math.sqrt(areas[1] / areas[0])
    )


def _place(marks: Marks, mesh: FaceMesh, pose: Pose) -> dict[str, float]:
    return {
        "HeadPoseYaw": pose.yaw_deg,
        "HeadPosePitch": pose.pitch_deg,
        "HeadPoseRoll": pose.roll_deg,
        "InterEyeDistance": marks.eye_distance / max(math.cos(math.radians(pose.yaw_deg)), 0.1),
        "HeadSize": marks.face_length / mesh.frame_height,
        "LeftwardCropOfTheFaceImage": marks.right_eye[0] / marks.eye_distance,
        "RightwardCropOfTheFaceImage": (mesh.frame_width - marks.left_eye[0]) / marks.eye_distance,
        "MarginAboveOfTheFaceImage": marks.middle[1] / marks.face_length,
        "MarginBelowOfTheFaceImage": (mesh.frame_height - marks.middle[1]) / marks.face_length,
    }


def _features(mesh: FaceMesh, marks: Marks, lids: Lids) -> dict[str, float]:
    upper, lower = (mesh_xy(mesh)[[pair[side] for pair in INNER_LIPS]] for side in (0, 1))
    return {
        "EyesOpen": lids.narrower_px / marks.face_length,
        "MouthClosed": np.linalg.norm(upper - lower, axis=1).max() / marks.face_length,
    }


def _light(light: face_light.Light) -> dict[str, float]:
    return {
        "LuminanceMean": light.mean,
        "LuminanceVariance": light.variance,
        "UnderExposurePrevention": light.dark_share,
        "OverExposurePrevention": light.bright_share,
        "DynamicRange": light.entropy_bits,
        "IlluminationUniformity": light.cheek_overlap,
        "NaturalColour": light.colour_distance,
        "Sharpness": light.sharpness,
        "FaceHighlights": light.highlights,
        "BackLight": light.surround_ratio,
    }
