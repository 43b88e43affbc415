"""The child of bench/face_runtime.py that runs our own face pipeline, as much of it as it is told.

python -m bench.face_child FRAME.npy same_nets|pipeline|pipeline_with_lids
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.served import serve

if TYPE_CHECKING:
    from appliance.vision.face_landmarks import FaceMesh

TURNED_DEG = 20.0
Steps = Mapping[str, Callable[[], Any]]


def steps() -> Steps:
    """Of one of WHOLE, with nothing imported or loaded that it does not need: its memory is told too."""
    return WHOLE[sys.argv[2]](np.load(sys.argv[1]))


def _same_nets(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Steps:
    """What the peer does too: find the face, lay the mesh."""
    from appliance.vision.face_detection import MODEL as FACES  # noqa: PLC0415
    from appliance.vision.face_detection import FaceDetector  # noqa: PLC0415
    from appliance.vision.face_landmarks import MODEL as MESH  # noqa: PLC0415
    from appliance.vision.face_landmarks import FaceMesher  # noqa: PLC0415
    from appliance.vision.model import Model  # noqa: PLC0415

    detector, mesher = FaceDetector(Model.load(FACES)), FaceMesher(Model.load(MESH))
    faces = detector.find(pixels)
    assert faces, "the bench frame holds no face"
    return {
        "same_nets": lambda: mesher.find(pixels, detector.find(pixels)[0]),
        "detect": lambda: detector.find(pixels),
        "mesh": lambda: mesher.find(pixels, faces[0]),
    }


def _pipeline(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Steps:
    """Detect, mesh, quality, yaw with its residual and relief against a straight look."""
    from appliance.vision import face_quality, turn  # noqa: PLC0415
    from appliance.vision.eye_lids import Lids  # noqa: PLC0415

    nets = _same_nets(pixels)
    mesh = nets["same_nets"]()
    straight = _turned(mesh)
    lids = Lids(right_gap_px=8.0, left_gap_px=8.0)  # numbers to map: the net that measures them is a step further

    def pipeline() -> object:
        seen = nets["same_nets"]()
        return face_quality.assess(pixels, seen, lids), turn.look(straight, seen, turn.Side.LEFT)

    return {
        "pipeline": pipeline,
        "quality": lambda: face_quality.assess(pixels, mesh, lids),
        "yaw": lambda: turn.look(straight, mesh, turn.Side.LEFT),
        **nets,
    }


def _pipeline_with_lids(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Steps:
    """What the kiosk does with one picture of a challenge: the lids by their net too, and the track."""
    from appliance.vision import face_quality, track, turn  # noqa: PLC0415
    from appliance.vision.eye_lids import MODEL as LIDS  # noqa: PLC0415
    from appliance.vision.eye_lids import LidReader  # noqa: PLC0415
    from appliance.vision.model import Model  # noqa: PLC0415

    nets, lid_reader = _same_nets(pixels), LidReader(Model.load(LIDS))
    mesh = nets["same_nets"]()
    straight = _turned(mesh)

    def pipeline() -> object:
        seen = nets["same_nets"]()
        face_quality.assess(pixels, seen, lid_reader.find(pixels, seen))
        return track.sighting(pixels, seen), turn.look(straight, seen, turn.Side.LEFT)

    return {
        "pipeline_with_lids": pipeline,
        "lids": lambda: lid_reader.find(pixels, mesh),
        "track": lambda: track.sighting(pixels, mesh),
    }


def _turned(mesh: FaceMesh) -> FaceMesh:
    """The same head, `TURNED_DEG` about its upright axis: between equal meshes there is no plane to be sought."""
    cos, sin = math.cos(math.radians(TURNED_DEG)), math.sin(math.radians(TURNED_DEG))
    middle = mesh.points.mean(axis=0)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    return replace(mesh, points=(mesh.points - middle) @ turn + middle)


WHOLE = {"same_nets": _same_nets, "pipeline": _pipeline, "pipeline_with_lids": _pipeline_with_lids}


if __name__ == "__main__":
    sys.exit(serve(steps))
