"""A stand-in for picamera2 with one camera of 64 x 48 (or more) whose picture follows what it is asked for.

It has the calls that our driver makes, not more; what the real one does with them is tested against the real one
(test_virtual_camera.py). `KNOBS` is the scene and the faults.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

PI = {
    "FrameDurationLimits": (100, 1_000_000, 33_333),
    "ExposureValue": (-8.0, 8.0, 0.0),
    "AfMode": (0, 2, 0),
    "AfMetering": (0, 1, 0),
    "AfWindows": ((0, 0, 0, 0), (4608, 2592, 4608, 2592), (0, 0, 0, 0)),
}
USB = {"AeEnable": (False, True, True), "ExposureTime": (100, 100_000, 9000), "AnalogueGain": (1.0, 8.0, 1.0)}
BARE: dict[str, Any] = {}
CROP = (1000, 500, 640, 480)


@dataclass
class Knobs:
    """The scene, what the camera can do, its faults, and what was seen of its use."""

    controls: dict[str, Any] = field(default_factory=lambda: dict(PI))
    layout: str = "RGB888"
    has_two_streams: bool = True
    level: float = 40.0  # of green at exposure value 0, or at 9000 us and gain 1
    stalled: bool = False
    fails: bool = False
    cameras: int = 1
    opens: bool = True
    held: int = 0
    open: int = 0
    pipes: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)

    def exposed(self) -> float:
        stops = float(self.last("ExposureValue", 0.0))
        by_hand = self.last("ExposureTime", 9000) / 9000 * self.last("AnalogueGain", 1.0)
        if self.last("AeEnable", True) and "ExposureTime" in self.controls:
            by_hand = 1.0
        return float(min(255.0, self.level * (2**stops * by_hand) ** (1 / 2.2)))

    def last(self, name: str, default: Any) -> Any:
        return next((asked[name] for asked in reversed(self.asked) if name in asked), default)


KNOBS = Knobs()


class Request:
    """One completed request. Its buffers are gone once it is released."""

    def __init__(self, camera: Picamera2) -> None:
        self.camera = camera
        KNOBS.held += 1
        assert KNOBS.held <= 4, "out of buffers"
        self.stamp_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 20_000_000
        self.released = False

    def get_metadata(self) -> dict[str, Any]:
        assert not self.released
        told = {"SensorTimestamp": self.stamp_ns, "Lux": 310.0, "FocusFoM": 900, "ColourGains": (1, 2)}
        told |= {"ExposureTime": KNOBS.last("ExposureTime", 9000), "AnalogueGain": KNOBS.last("AnalogueGain", 1.0)}
        return {**told, "ScalerCrop": CROP}

    def release(self) -> None:
        assert not self.released, "released twice"
        self.released = True
        KNOBS.held -= 1


class MappedArray:
    """The buffer of one stream while it is mapped; what was read later would be another picture."""

    def __init__(self, request: Request, stream: str, write: bool = True) -> None:
        assert not write, "a mapping for writing costs a flush of the caches"
        self._request, self._stream = request, stream
        self.array: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def __enter__(self) -> MappedArray:
        assert not self._request.released
        config = self._request.camera.config[self._stream]
        self.array = drawn(config["format"], *config["size"])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.array.fill(0)


def drawn(layout: str, width: int, height: int) -> NDArray[np.uint8]:
    """One flat picture: blue 10, red 30, green as exposed; grey of that level in YUV."""
    level = round(KNOBS.exposed())
    if layout == "RGB888":
        padded = np.full((height, width + 8, 3), (10, level, 30), dtype=np.uint8)
        return padded[:, :width]  # rows of a camera's buffer may be longer than the picture's
    if layout == "XBGR8888":
        return np.full((height, width, 4), (30, level, 10, 255), dtype=np.uint8)
    padded = np.full((height * 3 // 2, width + (64 if layout == "YUV420" else 0)), 128, dtype=np.uint8)
    padded[:height] = level
    return padded


class Job:
    """A wish for the next picture."""

    def __init__(self, camera: Picamera2) -> None:
        self.camera, self.future = camera, Future[Request]()

    def get_result(self, timeout: float) -> Request:
        if KNOBS.fails:
            raise RuntimeError("camera went away")
        if not self.future.done() and not KNOBS.stalled:
            time.sleep(min(0.02, timeout))
            self.future.set_result(Request(self.camera))
            self.camera.jobs.remove(self)
        with contextlib.suppress(NotYet):
            return self.future.result(timeout)
        raise TimeoutError


class Picamera2:
    """One camera."""

    def __init__(self, index: int) -> None:
        self.notifyme_w = -1  # no descriptor of this process
        self.notifymeread = _Pipe()
        if not KNOBS.opens:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        assert index == 0
        KNOBS.open += 1
        self.jobs: list[Job] = []
        self.config: dict[str, Any] = {}

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Num": number} for number in range(KNOBS.cameras)]

    @property
    def camera_controls(self) -> dict[str, Any]:
        return KNOBS.controls

    def create_video_configuration(self, main: Any, lores: Any, colour_space: str, buffer_count: int) -> dict[str, Any]:
        assert buffer_count > 1 and colour_space == "BT.601, limited"
        return {"main": dict(main), "lores": lores and dict(lores)}

    def configure(self, configuration: dict[str, Any]) -> None:
        if configuration["lores"] and not KNOBS.has_two_streams:
            raise RuntimeError("Invalid camera configuration")
        configuration["main"]["format"] = KNOBS.layout
        self.config = configuration

    def camera_configuration(self) -> dict[str, Any]:
        return self.config

    def start(self) -> None: ...

    def capture_request(self, wait: bool) -> Job:
        assert wait is False
        self.jobs.append(Job(self))
        return self.jobs[-1]

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            known = "FrameDurationLimits" if name == "FrameRate" else name
            if known not in KNOBS.controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        if controls:
            KNOBS.asked.append(controls)

    def cancel_all_and_flush(self) -> None:
        for job in self.jobs:
            job.future.set_exception(RuntimeError("cancelled"))
        self.jobs = []

    def stop(self) -> None:
        assert not self.jobs, "the real one waits for the jobs before: for ever, when no picture comes"

    def close(self) -> None:
        KNOBS.open -= 1


class ColorSpace:
    """libcamera's, as far as it is asked for."""

    @staticmethod
    def Smpte170m() -> str:  # noqa: N802  # its name there
        return "BT.601, limited"


class _Pipe:
    def __init__(self) -> None:
        KNOBS.pipes += 1

    def close(self) -> None:
        KNOBS.pipes -= 1


@contextlib.contextmanager
def installed(modules: dict[str, Any], module: Any) -> Iterator[Knobs]:
    """As `picamera2` and `libcamera`, with fresh knobs."""
    global KNOBS  # noqa: PLW0603  # a module stands for the machine's one camera stack
    KNOBS = Knobs()
    modules["picamera2"] = modules["libcamera"] = module
    try:
        yield KNOBS
    finally:
        del modules["picamera2"], modules["libcamera"]
