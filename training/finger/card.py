"""What the finger net's card says."""

from __future__ import annotations

from appliance.vision.finger_quality import INPUTS
from training.card import Kind

KIND = Kind(
    about="Finger net: what is measured of one impression to its quality (0..100) and to what is wrong with it.",
    source=(
        "ours: python -m training.finger, on prints drawn by ourselves; its teacher was fitted to the table of NFIQ 2 "
        "measures and scores that NIST publishes (public domain)"
    ),
    shape=(1, INPUTS),
    dtype="float32",
    meaning="finger_measures.NAMES and then the fields of finger_features.FingerFeatures, as they are, at 500 ppi",
)
