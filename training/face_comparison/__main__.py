"""python -m training.face_comparison: takes dlib's published weights, converts them, measures them, writes the card.

Needs a C++ compiler and Debian's libdlib-dev. `--only-measure` needs the kiosk's own packages besides; everything
else needs requirements/training.txt. LANDFALL_PHOTOGRAPHS names a folder with deepface/ and face_recognition/ to
measure on real faces; without it the card has figures of drawn heads alone.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from appliance.vision.face_comparison import MODEL
from appliance.vision.model import MODELS, Model
from training import card
from training.face_comparison import measure
from training.face_comparison.card import KIND
from training.face_comparison.faces import Face, FaceFinder, listed_pairs, photographs, synthetic
from training.face_comparison.original import Chips, Embeddings, Original
from training.face_comparison.weights import fetch

WORK = Path(".cache/training/face_comparison")
HEADS, LOOKS = range(1000, 1060), 4  # drawn heads to measure on, pictures of each
CALIBRATION = range(2000, 2060)
MAX_GAP = 1e-5  # of one value of an embedding, between dlib and the float file

log = logging.getLogger("training.face_comparison")
Figures = dict[str, float | str]


class ConversionWrong(Exception):
    """The converted file is another network than the original."""


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(prog="python -m training.face_comparison", description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model and its card")
    parser.add_argument("--only-measure", action="store_true")
    told = parser.parse_args()
    original, model = Original(WORK, fetch(WORK)), told.out / f"{MODEL}.tflite"
    if not told.only_measure:
        make(original, model)
    card.write(KIND, model, figures(original, model))


def make(original: Original, model: Path) -> None:
    """The float file, the one that is shipped, and the one that it is compared with."""
    import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - measuring needs none

    from training.face_comparison import convert, layers  # noqa: PLC0415

    torch.set_num_threads(1)
    convert.to_float(layers.read(original.xml()), WORK / "float.tflite")
    convert.to_dynamic(WORK / "float.tflite", model)
    chips = [chip for _, chip in synthetic(FaceFinder(), CALIBRATION)]
    convert.to_static(WORK / "float.tflite", WORK / "static.tflite", chips)
    log.info("%s: %d bytes", model, model.stat().st_size)


def figures(original: Original, model: Path) -> Figures:
    """All that was measured. Raises `ConversionWrong` when the float file is not the original network."""
    finder = FaceFinder()
    files = {
        "shipped": card.loaded(KIND, model),
        "float": _model(WORK / "float.tflite", "float32"),
        "static_int8": _model(WORK / "static.tflite", "int8"),
    }
    drawn = list(synthetic(finder, HEADS, LOOKS))
    told: Figures = {"bytes": model.stat().st_size}
    told |= _drawn(original, files, [str(seed) for seed, _ in drawn], np.stack([chip for _, chip in drawn]))
    folder = os.environ.get("LANDFALL_PHOTOGRAPHS")
    if folder:
        faces = photographs(finder, Path(folder))
        told |= _photographs(original, files, faces, Path(folder))
    told["evaluated"] = (
        "small sets of press photographs and drawn heads: a check of the conversion, no error rate of a port"
        if folder
        else "drawn heads alone"
    )
    return told


def _model(path: Path, dtype: str) -> Model:
    return card.loaded(replace(KIND, dtype=dtype), path)


def _drawn(original: Original, files: dict[str, Model], persons: Sequence[str], chips: Chips) -> Figures:
    wanted, dlib_ms = original.embed(chips)
    ours, told = _compared(files, wanted, chips, "drawn")
    kinds = measure.by_person(ours, persons)
    told |= {
        "drawn_same_head_median": round(float(np.median(kinds.mated)), 3),
        "drawn_same_head_greatest": round(float(kinds.mated.max()), 3),
        "drawn_other_heads_median": round(float(np.median(kinds.non_mated)), 3),
        "drawn_other_heads_over_0_6_percent": _percent(1 - kinds.rates(0.6)[1]),
        "original_dlib_cpu_ms": round(dlib_ms, 1),
    }
    return told


def _photographs(original: Original, files: dict[str, Model], faces: Sequence[Face], folder: Path) -> Figures:
    chips = np.stack([face.chip for face in faces])
    wanted, _ = original.embed(chips)
    ours, told = _compared(files, wanted, chips, "photograph")
    for name, kinds in {
        "named": measure.by_person(ours, [face.person for face in faces]),
        "listed": measure.by_list(ours, faces, listed_pairs(folder)),
    }.items():
        missed, passed = kinds.rates(0.6)
        told |= {
            f"{name}_mated_pairs": len(kinds.mated),
            f"{name}_mated_greatest": round(float(kinds.mated.max()), 3),
            f"{name}_mated_over_0_6_percent": _percent(missed),
            f"{name}_non_mated_pairs": len(kinds.non_mated),
            f"{name}_non_mated_least": round(float(kinds.non_mated.min()), 3),
            f"{name}_non_mated_within_0_6_percent": _percent(passed),
        }
    return told


def _compared(files: dict[str, Model], wanted: Embeddings, chips: Chips, what: str) -> tuple[Embeddings, Figures]:
    """Every file against the original network on these chips; returns the shipped file's embeddings."""
    made = {name: measure.embed(model, chips) for name, model in files.items()}
    gap = float(np.abs(made["float"][0] - wanted).max())
    if not gap <= MAX_GAP:
        raise ConversionWrong(f"the float file differs from dlib by up to {gap:.3g}")
    told: Figures = {f"{what}_faces": len(chips), f"{what}_float_greatest_difference": float(f"{gap:.2g}")}
    for name, (embeddings, ms) in made.items():
        if name == "float":
            told["float_cpu_ms"] = round(ms, 2)
            continue
        found = measure.agreement(wanted, embeddings)
        log.info("%s, %s: %s", what, name, found)
        told |= {f"{what}_pairs": found.pairs, f"{name}_cpu_ms": round(ms, 2)}
        told |= {f"{what}_{name}_agrees_at_{limit:g}_percent": _percent(share) for limit, share in found.shares}
        told[f"{what}_{name}_agrees_near_limit_percent"] = _percent(found.close_share)
        told[f"{what}_{name}_greatest_distance_error"] = round(found.greatest_error, 3)
    return made["shipped"][0], {name.replace(".", "_"): value for name, value in told.items()}


def _percent(share: float) -> float:
    return round(100 * share, 2)


if __name__ == "__main__":
    main()
