"""Frames per second and copies of a frame, from the camera to the mirror page and to the model.

    python -m bench.camera [--frames 100] [--seconds 5] [--no-picamera]

Two cameras of 1280 x 720: an IP camera (simulated, on loopback), and the Pi's driver on unmodified picamera2 over
libcamera's virtual camera, which is built when it is not there. Copies are counted, by the allocations of a child
process. Peers of the same run: OpenCV's own reader of the same stream, and the array of picamera2's examples. The
virtual camera gives frames as fast as they are taken, so its rate is that of everything behind it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.camera_child import FPS
from drivers.api import Pixels
from scripts import libcamera
from simulators.faces import Identity, render
from simulators.mjpeg_camera import MjpegCameraSim
from tests.drivers.test_virtual_camera import describe

SIZE = (1280, 720)
COUNTER = Path(__file__).parent / "allocations.c"
LIMIT_S = 900


def scene() -> Pixels:
    """A face before a grey wall, as wide as the camera."""
    face = cv2.resize(render(Identity.of(2)), (960, 720), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(np.pad(face, ((0, 0), (160, 160), (0, 0)), mode="edge"), dtype=np.uint8)


@contextlib.contextmanager
def counter() -> Iterator[Path]:
    """The library that counts, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "allocations.so"
        command = ["gcc", "-shared", "-fPIC", "-O2", "-fno-builtin", "-o", str(library), str(COUNTER)]
        subprocess.run(command, check=True)
        yield library


def child(library: Path, source: str, arguments: Sequence[str], **environment: str) -> dict[str, Any]:
    preload = " ".join(filter(None, (str(library), environment.pop("LD_PRELOAD", ""))))
    size = ("--width", str(SIZE[0]), "--height", str(SIZE[1]))
    done = subprocess.run(
        [sys.executable, "-m", "bench.camera_child", source, *size, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment, "LD_PRELOAD": preload},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def ip_camera(library: Path, arguments: Sequence[str]) -> dict[str, Any]:
    sim = MjpegCameraSim(fps=FPS)
    sim.show(cv2.imencode(".jpg", scene(), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
    try:
        return child(library, "mjpeg", ["--address", sim.address, *arguments])
    finally:
        sim.close()


def pi_camera(library: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Raises `CannotBuild`. Our own environment runs it, with picamera2's behind, for the nets are not in that one."""
    stack = libcamera.stack()
    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(str(Path(folder) / "0.jpg"), scene(), [cv2.IMWRITE_JPEG_QUALITY, 95])
        describe(stack, Path(folder))
        told = stack.environment()
        theirs = next((stack.python.parent.parent / "lib").glob("python3*/site-packages"))
        told["PYTHONPATH"] = os.pathsep.join((told["PYTHONPATH"], str(Path.cwd()), str(theirs)))
        return child(library, "picamera", arguments, **told)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--no-picamera", action="store_true")
    chosen = parser.parse_args(arguments)
    given = ["--frames", str(chosen.frames), "--seconds", str(chosen.seconds)]
    result: dict[str, Any] = {"peer": "OpenCV's reader of the stream; the array of picamera2's examples"}
    with counter() as library:
        result["ip_camera"] = ip_camera(library, given)
        if not chosen.no_picamera:
            try:
                result["pi_camera"] = pi_camera(library, given)
            except libcamera.CannotBuild as error:
                print(f"without picamera2: {error}", file=sys.stderr)
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
