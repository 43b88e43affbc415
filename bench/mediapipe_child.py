"""The child of bench/face_runtime.py that runs the peer: the same two nets in MediaPipe's own runtime.

.cache/peers/mediapipe-*/bin/python -m bench.mediapipe_child FRAME.npy
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np

from bench.served import serve


def steps() -> Mapping[str, Callable[[], object]]:
    """`same_nets` finds the face anew in every picture, as ours does; on films the peer's tracking would spare that."""
    import mediapipe  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    pixels = np.ascontiguousarray(np.load(sys.argv[1])[:, :, ::-1])
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=False)
    found = mesh.process(pixels)
    assert found.multi_face_landmarks and len(found.multi_face_landmarks[0].landmark) == 468, "the peer sees no face"
    return {"same_nets": lambda: mesh.process(pixels)}


if __name__ == "__main__":
    sys.exit(serve(steps))
