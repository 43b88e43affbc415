"""How long the vision of one frame takes here, step by step, beside OpenCV's own net runner on the same files.

    python -m bench.vision [--rounds 60] [--out artefacts/bench-vision.json]

Medians in milliseconds, one thread each, steps and peer interleaved so that a busy machine slows both alike.
The peer runs the same .tflite files through cv2.dnn on the same input; it decodes nothing, so compare it with
`*_net` only. The comparison's net stands beside dlib's original and our float file, where they are there. Frames
and fingers are synthetic. A figure from this machine is not one from a Raspberry Pi.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from appliance.vision import face_quality, finger_features, finger_measures, finger_quality, finger_region, track
from appliance.vision.eye_lids import MODEL as LIDS
from appliance.vision.eye_lids import LidReader
from appliance.vision.face_comparison import MODEL as COMPARISON
from appliance.vision.face_comparison import FaceComparer, chip
from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import FaceMesher
from appliance.vision.face_reading import FaceReader
from appliance.vision.model import MODELS, RUNTIME, Model, read_card
from simulators import fingers
from simulators.faces import Identity, render

NETS = (FACES, MESH, LIDS)  # the peer cannot read the comparison's file
MADE = Path(".cache/training/face_comparison")
FINGER_PEER = "finger_features"  # what the hand-made score of landfall-finger-1 was computed from
Step = Callable[[], object]


def net_steps(models: dict[str, Model]) -> dict[str, Step]:
    """Each net bare, ours and the peer's, on one random input of its shape."""
    rng = np.random.default_rng(7)
    steps: dict[str, Step] = {}
    for name, model in models.items():
        values = rng.random(model.card.input_shape, np.float32)
        steps[f"{name}_net"] = partial(model.run, values)
        peer = cv2.dnn.readNetFromTFLite(str(MODELS / model.card.file))
        steps[f"{name}_net opencv-dnn"] = partial(_through, peer, values)
    return steps


def _through(net: cv2.dnn.Net, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> object:
    net.setInput(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
    return net.forward(net.getUnconnectedOutLayersNames())


def frame_steps(models: dict[str, Model]) -> dict[str, Step]:
    """The steps of one frame, and all of them together as the kiosk runs them; a straight look has an embedding."""
    pixels = render(Identity.of(2))
    detector, mesher, lid_reader = FaceDetector(models[FACES]), FaceMesher(models[MESH]), LidReader(models[LIDS])
    faces = detector.find(pixels)
    mesh = mesher.find(pixels, faces[0])
    assert mesh is not None, "the bench frame holds no face"
    lids = lid_reader.find(pixels, mesh)
    comparer = FaceComparer(Model.load(COMPARISON))
    reader = FaceReader(detector, mesher, lid_reader, comparer, passive=None)
    return {
        "detect": lambda: detector.find(pixels),
        "mesh": lambda: mesher.find(pixels, faces[0]),
        "lids": lambda: lid_reader.find(pixels, mesh),
        "quality": lambda: face_quality.assess(pixels, mesh, lids),
        "sighting": lambda: track.sighting(pixels, mesh),
        "embedding": lambda: comparer.embed(pixels, mesh),
        "whole_frame": lambda: reader.read(pixels),
    }


def comparison_steps() -> dict[str, Step]:
    """One embedding of one chip, beside the original network by dlib itself, or beside our float file.

    The peers are there only where somebody has them: dlib by `requirements/comparison-peer.txt`, its weights and
    the float file by `python -m training.face_comparison`.
    """
    pixels = render(Identity.of(2))
    detector, mesher = FaceDetector(Model.load(FACES)), FaceMesher(Model.load(MESH))
    mesh = mesher.find(pixels, detector.find(pixels)[0])
    assert mesh is not None, "the bench frame holds no face"
    cut = chip(pixels, mesh)
    assert cut is not None, "the bench face cannot be laid straight"
    values = cut[None].astype(np.float32)
    steps: dict[str, Step] = {"face_comparison_net": partial(Model.load(COMPARISON).run, values)}
    weights, exact = MADE / "dlib_face_recognition_resnet_model_v1.dat", MADE / "float.tflite"
    if weights.is_file() and importlib.util.find_spec("dlib") is not None:
        original = importlib.import_module("dlib").face_recognition_model_v1(str(weights))
        steps["face_comparison_net dlib peer"] = partial(original.compute_face_descriptor, cut)
    if exact.is_file():
        steps["face_comparison_net float32 peer"] = partial(_unchecked(exact).run, values)
    return steps


def _unchecked(path: Path) -> Model:
    """A file that training made here; it has no card."""
    card = read_card(MODELS, COMPARISON)
    data = path.read_bytes()
    return Model(replace(card, name=path.stem, file=path.name, sha256=hashlib.sha256(data).hexdigest()), data)


def finger_steps() -> dict[str, Step]:
    """One impression judged, the parts of that, and the same print as a large sensor sees it (400 x 500 px)."""
    impression = fingers.impression(fingers.master(101), fingers.Condition.GOOD, 1)
    large = np.asarray(cv2.resize(impression, (400, 500), interpolation=cv2.INTER_CUBIC), np.uint8)
    soft = impression.astype(np.float32)
    return {
        "finger_quality": lambda: finger_quality.assess(impression, fingers.PITCH_PPI, "optical"),
        "finger_quality 400x500": lambda: finger_quality.assess(large, fingers.PITCH_PPI, "optical"),
        "finger_measures": lambda: finger_measures.measured(impression),
        FINGER_PEER: lambda: finger_features.measure(soft, finger_region.segmented(soft)),
    }


def medians_ms(steps: dict[str, Step], rounds: int) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each step; the steps take turns."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 3):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if number >= 3:  # the first rounds warm caches and pools
                taken[name].append((time.perf_counter() - began) * 1000)
    return {
        name: {"median_ms": round(statistics.median(times), 3), "p95_ms": round(float(np.percentile(times, 95)), 3)}
        for name, times in taken.items()
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=60)
    ask.add_argument("--out", type=Path, default=None, help="write the JSON here as well")
    args = ask.parse_args()
    cv2.setNumThreads(1)
    models = {name: Model.load(name) for name in NETS}
    asked = {**net_steps(models), **comparison_steps(), **frame_steps(models), **finger_steps()}
    steps = medians_ms(asked, args.rounds)
    report = {
        "bench": "vision",
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "runtime": RUNTIME,
        "peer": f"opencv-dnn {cv2.__version__}, the same .tflite files, one thread",
        "frame": "640x480 synthetic",
        "rounds": args.rounds,
        "finger_quality_by_its_peer": round(steps["finger_quality"]["median_ms"] / steps[FINGER_PEER]["median_ms"], 2),
        "steps": steps,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
