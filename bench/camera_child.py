"""One camera, frame by frame: what each stage writes and what it costs. Run by `bench.camera`, the counter loaded.

A copy is an allocation of at least a byte for each of the frame's pixels, by any code in this process.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import itertools
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from appliance.eyes import TfliteEyes
from appliance.journey import mirror
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from border.rules.default import DEVELOPMENT
from drivers.api import Frame, Pixels
from drivers.camera.feed import LiveCamera, Shot, Source
from drivers.camera.mjpeg import MjpegSource
from drivers.camera.picamera import PicameraSource
from drivers.deadline import Deadline
from drivers.errors import DeviceError

FPS = 120.0  # more than any stage keeps up with: the camera is never what is waited for
WAY = ("camera_to_picture", "picture_to_frame", "frame_to_preview", "frame_to_model")
Step = Callable[[], Any]


class Counter:
    """The counter that was loaded before this process began."""

    def __init__(self, pixels: int) -> None:
        self._library = ctypes.CDLL(None)
        self._library.counted.restype = ctypes.c_ulong
        self._library.count_from(ctypes.c_size_t(pixels))

    def of(self, step: Step) -> tuple[Any, int, float]:
        """What the step gives, the copies it made, and its milliseconds of the processor."""
        before, began_s = self._library.counted(), time.thread_time()
        given = step()
        return given, self._library.counted() - before, (time.thread_time() - began_s) * 1000


class Stages:
    """Figures of every stage, one entry a frame."""

    def __init__(self, pixels: int) -> None:
        self._counter = Counter(pixels)
        self._seen: dict[str, list[tuple[int, float]]] = {}

    def run(self, name: str, step: Step) -> Any:
        given, copies, ms = self._counter.of(step)
        self._seen.setdefault(name, []).append((copies, ms))
        return given

    def told(self) -> dict[str, dict[str, float]]:
        return {
            name: {
                "copies": statistics.median(copies for copies, _ in rows),
                "processor_ms": round(statistics.median(ms for _, ms in rows), 2),
            }
            for name, rows in self._seen.items()
        }


def shot_of(source: Source) -> Shot:
    """The next one; a camera that hangs up on whom it finds too slow is opened again."""
    never = threading.Event()
    while True:
        try:
            if (shot := source.grab(never)) is not None:
                return shot
        except DeviceError:
            source.close()
            source.open()


def follow_one(stages: Stages, source: Source, eyes: TfliteEyes) -> None:
    """One frame on all its ways."""
    shot: Shot = stages.run("camera_to_picture", lambda: shot_of(source))
    frame: Frame = stages.run(
        "picture_to_frame", lambda: Frame.of(shot.pixels, shot.at_monotonic_s, "c", preview=shot.preview)
    )
    window = mirror.start(frame.pixels.shape)
    stages.run("frame_to_preview", lambda: mirror.jpeg(frame, window))
    if frame.preview is not None:
        whole = replace(frame, preview=None)
        stages.run("frame_to_preview_without_the_small_stream", lambda: mirror.jpeg(whole, window))
    stages.run("frame_to_model", lambda: eyes.look(frame.pixels, DEVELOPMENT.face))


def staged(source: Source, eyes: TfliteEyes, size: tuple[int, int], frames: int) -> dict[str, dict[str, float]]:
    """One frame after the other, each stage alone."""
    stages = Stages(size[0] * size[1])
    source.open()
    for _ in range(5):
        shot_of(source)
    for _ in range(frames):
        follow_one(stages, source, eyes)
    source.close()
    return stages.told()


def per_second(source: Source, eyes: TfliteEyes, seconds: float) -> float:
    """Frames judged and shown by one thread while the camera's own thread goes on taking them."""
    camera = LiveCamera("c", source)
    with contextlib.suppress(DeviceError):
        camera.next_frame(Deadline(30))
    began_s, count = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        try:
            frame = camera.next_frame(Deadline(30))
        except DeviceError:
            continue
        eyes.look(frame.pixels, DEVELOPMENT.face)
        mirror.jpeg(frame, mirror.start(frame.pixels.shape))
        count += 1
    took_s = time.perf_counter() - began_s
    camera.close()
    return count / took_s


def usual_picamera(frames: int, size: tuple[int, int]) -> Iterator[Step]:
    """The way of picamera2's own examples: an array of the one stream, turned to BGR, made small to be shown."""
    import picamera2  # noqa: PLC0415  # adapted before

    camera = picamera2.Picamera2(0)
    camera.configure(camera.create_video_configuration(main={"size": size, "format": "RGB888"}))
    camera.start()
    for _ in range(frames):
        yield lambda: cv2.cvtColor(camera.capture_array("main"), cv2.COLOR_YUV2BGR_NV12)
    camera.stop()
    camera.close()


def usual_opencv(frames: int, address: str) -> Iterator[Step]:
    """OpenCV's own reader of the same stream."""
    capture = cv2.VideoCapture(address)

    def read() -> Any:
        while not (answer := capture.read())[0]:
            capture.open(address)
        return answer[1]

    for _ in range(frames):
        yield read
    capture.release()


def usual(steps: Iterator[Step], size: tuple[int, int]) -> dict[str, dict[str, float]]:
    stages = Stages(size[0] * size[1])
    small = (mirror.WIDTH_PX, round(size[1] * mirror.WIDTH_PX / size[0]))
    for step in itertools.islice(steps, 1000):
        picture = stages.run("camera_to_picture", step)
        stages.run("frame_to_preview", partial(_shown, picture, small))
    return stages.told()


def _shown(picture: Pixels, small: tuple[int, int]) -> bytes:
    return cv2.imencode(".jpg", np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA)))[1].tobytes()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", choices=("mjpeg", "picamera"))
    parser.add_argument("--address", default="0")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args(arguments)
    size = (chosen.width, chosen.height)
    if chosen.source == "picamera":
        from tests.drivers.virtual_camera.adapted import adapt  # noqa: PLC0415  # only where picamera2 is

        adapt()

    def source() -> Source:
        if chosen.source == "mjpeg":
            return MjpegSource("c", chosen.address)
        return PicameraSource("c", 0, size=size, fps=FPS)

    eyes = TfliteEyes(FaceReader.load(), FingerReader.load())
    told: dict[str, Any] = {"stages": staged(source(), eyes, size, chosen.frames)}
    told["judged_and_shown_by_one_processor_per_s"] = round(
        1000 / sum(told["stages"][stage]["processor_ms"] for stage in WAY), 1
    )
    told["judged_and_shown_per_s"] = round(per_second(source(), eyes, chosen.seconds), 1)
    peer = usual_picamera(chosen.frames, size) if chosen.source == "picamera" else usual_opencv(
        chosen.frames, chosen.address
    )  # fmt: skip
    told["peer"] = usual(peer, size)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
