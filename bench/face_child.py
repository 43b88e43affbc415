"""The child of bench/face_runtime.py that runs our own face pipeline, whole and step by step.

python -m bench.face_child FRAME.npy
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np

from bench.served import serve


def steps() -> Mapping[str, Callable[[], object]]:
    """`pipeline` is what the kiosk does with one picture of a challenge; `same_nets` what the peer does too."""
    import cv2  # noqa: PLC0415 - what importing costs belongs to the figure

    from appliance.vision import face_quality, track, turn  # noqa: PLC0415
    from appliance.vision.eye_lids import MODEL as LIDS  # noqa: PLC0415
    from appliance.vision.eye_lids import LidReader  # noqa: PLC0415
    from appliance.vision.face_detection import MODEL as FACES  # noqa: PLC0415
    from appliance.vision.face_detection import FaceDetector  # noqa: PLC0415
    from appliance.vision.face_landmarks import MODEL as MESH  # noqa: PLC0415
    from appliance.vision.face_landmarks import FaceMesh, FaceMesher  # noqa: PLC0415
    from appliance.vision.model import Model  # noqa: PLC0415

    cv2.setNumThreads(1)
    pixels = np.load(sys.argv[1])
    detector, mesher = FaceDetector(Model.load(FACES)), FaceMesher(Model.load(MESH))
    lid_reader = LidReader(Model.load(LIDS))

    def same_nets() -> FaceMesh:
        mesh = mesher.find(pixels, detector.find(pixels)[0])
        assert mesh is not None, "the bench frame holds no face"
        return mesh

    mesh = same_nets()
    faces, lids = detector.find(pixels), lid_reader.find(pixels, mesh)

    def pipeline() -> object:
        seen = same_nets()
        face_quality.assess(pixels, seen, lid_reader.find(pixels, seen))
        return track.sighting(pixels, seen), turn.look(mesh, seen, turn.Side.LEFT)

    return {
        "pipeline": pipeline,
        "same_nets": same_nets,
        "detect": lambda: detector.find(pixels),
        "mesh": lambda: mesher.find(pixels, faces[0]),
        "lids": lambda: lid_reader.find(pixels, mesh),
        "quality": lambda: face_quality.assess(pixels, mesh, lids),
        "track": lambda: track.sighting(pixels, mesh),
        "yaw": lambda: turn.look(mesh, mesh, turn.Side.LEFT),
    }


if __name__ == "__main__":
    sys.exit(serve(steps))
