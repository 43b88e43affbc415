"""The Raspberry Pi's own camera: the one file that knows picamera2, and only when a camera is opened on a Pi."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np

from drivers.camera.exposure import level_in, next_stops
from drivers.camera.feed import Region, Shot
from drivers.errors import DeviceGone

WAIT_S = 0.5
SILENCE_S = 4.0
METADATA = {"ExposureTime": "exposure_us", "AnalogueGain": "gain", "Lux": "lux", "FocusFoM": "focus"}


class PicameraSource:
    """`Source` over camera number `index` of libcamera. Every exception of picamera2 becomes `DeviceGone`."""

    def __init__(self, device: str, index: int, *, size: tuple[int, int], fps: float) -> None:
        self._device = device
        self._index = index
        self._size = size
        self._fps = fps
        self._camera: Any = None
        self._job: Any = None
        self._region: Region | None = None
        self._stops = 0.0
        self._heard_s = 0.0

    def open(self) -> None:
        try:
            from picamera2 import Picamera2  # noqa: PLC0415  # exists on a Pi only
        except ImportError as error:
            raise DeviceGone(self._device, "picamera2 is not installed: this is no Raspberry Pi") from error
        try:
            self._camera = Picamera2(self._index)
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": self._size, "format": "RGB888"},  # libcamera's name for B, G, R in memory
                    controls={"FrameRate": self._fps},
                    buffer_count=4,
                )
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise DeviceGone(self._device, str(error)) from error
        self._stops = 0.0
        self._heard_s = time.monotonic()

    def grab(self, stop: threading.Event) -> Shot | None:
        request = self._next_request(stop)
        if request is None:
            return None
        try:
            pixels = np.ascontiguousarray(request.make_array("main"), dtype=np.uint8)
            told = request.get_metadata()
        except (RuntimeError, OSError) as error:
            raise DeviceGone(self._device, str(error)) from error
        finally:
            request.release()  # or the camera runs out of buffers
        shot = Shot(
            pixels, _taken_at_s(told), {ours: float(told[name]) for name, ours in METADATA.items() if name in told}
        )
        self._steer(shot)
        return shot

    def expose_for(self, region: Region | None) -> None:
        """libcamera meters no region of ours, so the exposure value is steered until the region is mid grey."""
        self._region = region

    def close(self) -> None:
        camera, self._camera, self._job = self._camera, None, None
        if camera is not None:
            with contextlib.suppress(RuntimeError, OSError):  # the camera may have left first
                camera.stop()
                camera.close()

    def _next_request(self, stop: threading.Event) -> Any:
        """One job is kept until it is done: a second one would take the picture after."""
        if self._job is None:
            self._job = self._camera.capture_request(wait=False)
        try:
            request = self._job.get_result(timeout=WAIT_S)
        except TimeoutError:
            if time.monotonic() - self._heard_s > SILENCE_S:
                raise DeviceGone(self._device, f"no picture for {SILENCE_S:g} s, opening again") from None
            return None
        except (RuntimeError, OSError) as error:
            raise DeviceGone(self._device, str(error)) from error
        self._job = None
        self._heard_s = time.monotonic()
        if stop.is_set():
            request.release()
            return None
        return request

    def _steer(self, shot: Shot) -> None:
        region = self._region
        stops = next_stops(self._stops, level_in(shot.pixels, region)) if region is not None else 0.0
        if stops != self._stops:
            self._stops = stops
            with contextlib.suppress(RuntimeError):  # a camera without automatic exposure was set by hand
                self._camera.set_controls({"ExposureValue": stops})


def _taken_at_s(told: dict[str, Any]) -> float:
    """The sensor's stamp, which counts sleep too (CLOCK_BOOTTIME, ns), on the clock all others use."""
    now_s = time.monotonic()
    if "SensorTimestamp" not in told:
        return now_s
    age_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(told["SensorTimestamp"])) / 1e9
    return now_s - age_s if 0.0 <= age_s < 1.0 else now_s
