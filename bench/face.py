"""What one frame of a face costs the processor, stage by stage, and what all models together cost to load.

    python -m bench.face [--rounds 80]

Processor time of one thread (not time on the wall, which a busy machine stretches), medians, the stages taking
turns. The frame is 640 x 480 and synthetic. Loading is measured in processes of their own, that import the runtime
first: seconds until every model of appliance/vision/models stands ready, and the memory by which the process has
grown after one run of each. Named peer: OpenCV's net runner with the same face nets, for the frame and for loading.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from appliance.eyes import TfliteEyes
from appliance.vision import face_light, face_quality, frame_light, track
from appliance.vision.eye_lids import MODEL as LIDS
from appliance.vision.eye_lids import LidReader
from appliance.vision.face_comparison import MODEL as COMPARISON
from appliance.vision.face_comparison import FaceComparer
from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import FaceMesher
from appliance.vision.face_quality import Marks
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from appliance.vision.model import MODELS, Model, read_card
from appliance.vision.pose import pose_of
from border.rules.default import DEVELOPMENT
from simulators.faces import Identity, render

FRAME_NETS = (FACES, MESH, LIDS, LIDS)  # what one frame runs: the lids once for each eye
WARM_ROUNDS = 4
MB = 1_000_000
Stage = Callable[[], object]


def stages() -> dict[str, Stage]:
    """The stages of one frame, all of them as the kiosk runs them, and the peer's share: the bare nets."""
    models = {name: Model.load(name) for name in {*FRAME_NETS}}
    pixels = render(Identity.of(2))
    detector, mesher, lid_reader = FaceDetector(models[FACES]), FaceMesher(models[MESH]), LidReader(models[LIDS])
    eyes = TfliteEyes(
        FaceReader(detector, mesher, lid_reader, FaceComparer(Model.load(COMPARISON)), passive=None),
        FingerReader.load(),
    )
    faces = detector.find(pixels)
    mesh = mesher.find(pixels, faces[0])
    assert mesh is not None, "the bench frame holds no face"
    lids, marks = lid_reader.find(pixels, mesh), Marks.of(mesh)
    box = eyes.look(pixels, DEVELOPMENT.face).box
    chance = np.random.default_rng(7)
    inputs = {name: chance.random(model.card.input_shape, np.float32) for name, model in models.items()}
    nets = {name: cv2.dnn.readNetFromTFLite(str(MODELS / model.card.file)) for name, model in models.items()}
    return {
        "light_before_models": lambda: frame_light.measure(pixels, box),
        "detect": lambda: detector.find(pixels),
        "mesh": lambda: mesher.find(pixels, faces[0]),
        "lids": lambda: lid_reader.find(pixels, mesh),
        "light": lambda: face_light.measure(pixels, mesh, marks.right_eye, marks.left_eye, marks.mouth),
        "quality_with_light": lambda: face_quality.assess(pixels, mesh, lids),
        "yaw": lambda: pose_of(mesh),
        "sighting": lambda: track.sighting(pixels, mesh),
        "whole_look": lambda: eyes.look(pixels, DEVELOPMENT.face, box),
        "nets": lambda: [models[name].run(inputs[name]) for name in FRAME_NETS],
        "nets opencv-dnn": lambda: [_forward(nets[name], inputs[name]) for name in FRAME_NETS],
    }


def _forward(net: cv2.dnn.Net, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> object:
    net.setInput(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
    return net.forward(net.getUnconnectedOutLayersNames())


def processor_ms(steps: dict[str, Stage], rounds: int) -> dict[str, float]:
    """Median processor time of each stage; the stages take turns."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + WARM_ROUNDS):
        for name, step in steps.items():
            began = time.process_time()
            step()
            if number >= WARM_ROUNDS:
                taken[name].append((time.process_time() - began) * 1000)
    return {f"{name}_ms": round(statistics.median(times), 2) for name, times in taken.items()}


def load_ours(names: list[str]) -> None:
    """Every one of these models, loaded and run once."""
    for model in [Model.load(name) for name in names]:
        model.run(np.zeros(model.card.input_shape, np.float32))


def load_peer(names: list[str]) -> None:
    nets = [
        (read_card(MODELS, name), cv2.dnn.readNetFromTFLite(str(MODELS / read_card(MODELS, name).file)))
        for name in names
    ]
    for card, net in nets:
        _forward(net, np.zeros(card.input_shape, np.float32))


def loading(what: Callable[[list[str]], None], names: list[str]) -> dict[str, float]:
    """In this process, once: seconds, and megabytes by which it has grown."""
    cv2.setNumThreads(1)
    before_mb, began_s = resident_mb(), time.perf_counter()
    what(names)
    return {"ready_s": round(time.perf_counter() - began_s, 3), "added_mb": round(resident_mb() - before_mb, 1)}


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / MB


def in_a_child(what: str) -> dict[str, float]:
    """The median of three processes that do nothing else."""
    command = [sys.executable, "-m", "bench.face", "--load", what]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        for _ in range(3)
    ]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


LOADS: dict[str, Callable[[], dict[str, float]]] = {
    "all": partial(loading, load_ours, sorted(card.stem for card in MODELS.glob("*.toml"))),
    "face_nets": partial(loading, load_ours, [FACES, MESH, LIDS]),
    "peer_face_nets": partial(loading, load_peer, [FACES, MESH, LIDS]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--load", choices=LOADS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.load:
        print(json.dumps(LOADS[chosen.load]()))
        return 0
    cv2.setNumThreads(1)
    frame = processor_ms(stages(), chosen.rounds)
    load = {name: in_a_child(name) for name in LOADS}
    report = {
        "bench": "face",
        "peer": f"opencv-dnn {cv2.__version__}, the same face nets, one thread",
        "rounds": chosen.rounds,
        "models": sorted(card.stem for card in MODELS.glob("*.toml")),
        "frame_processor": frame,
        "nets_over_peer_ratio": round(frame["nets_ms"] / frame["nets opencv-dnn_ms"], 2),
        "load": load,
        "memory_over_peer_ratio": round(load["face_nets"]["added_mb"] / load["peer_face_nets"]["added_mb"], 2),
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
