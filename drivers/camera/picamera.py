"""The Raspberry Pi's own camera: the one file that knows picamera2, and only when a camera is opened on a Pi."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

from drivers.api import Pixels
from drivers.camera import layouts
from drivers.camera.feed import SILENCE_S, Region, Shot
from drivers.camera.steering import Asked, at_start, steer
from drivers.errors import DeviceGone, DeviceRefused

WAIT_S = 0.5
BUFFERS = 4
PREVIEW_PX = 640  # as wide as the mirror page shows; a multiple of 64, so that no row is padded
MAX_AGE_S = 1.0
METADATA = {"ExposureTime": "exposure_us", "AnalogueGain": "gain", "Lux": "lux", "FocusFoM": "focus"}
FAULTS = (RuntimeError, IndexError, OSError, CancelledError)
"""What picamera2 and libcamera raise when a camera does not do as it should."""


class PicameraSource:
    """`Source` over camera number `index` of libcamera. Every exception of picamera2 becomes `DeviceGone`.

    The camera is asked for BGR and, beside it, for a small picture to show; what it gives instead is taken.
    A buffer of the camera is mapped, read once into a picture of our own, and given back.
    """

    silence_s = SILENCE_S

    def __init__(self, device: str, index: int, *, size: tuple[int, int], fps: float) -> None:
        self._device = device
        self._index = index
        self._size = size
        self._fps = fps
        self._camera: Any = None
        self._mapped: Any = None  # picamera2's MappedArray
        self._streams: dict[str, Any] = {}
        self._advertised: dict[str, Any] = {}
        self._job: Any = None
        self._region: Region | None = None
        self._asked = Asked()

    def open(self) -> None:
        try:
            from libcamera import ColorSpace  # noqa: PLC0415  # both exist on a Pi only
            from picamera2 import MappedArray, Picamera2  # noqa: PLC0415
        except ImportError as error:
            raise DeviceGone(self._device, "picamera2 is not installed: this is no Raspberry Pi") from error
        self._mapped, self._asked = MappedArray, Asked()
        with self._translated():
            if self._index >= len(Picamera2.global_camera_info()):
                raise DeviceGone(self._device, f"libcamera has no camera number {self._index}")
            self._camera = _made(Picamera2, self._index)
            self._configure(self._camera, ColorSpace.Smpte170m())  # as OpenCV reads YUV: BT.601, limited range
            self._camera.set_controls(at_start(self._advertised, self._fps))
            self._camera.start()

    def grab(self, stop: threading.Event) -> Shot | None:
        request = self._next_request(stop)
        if request is None:
            return None
        with self._translated():
            try:
                told = request.get_metadata()
                pixels = self._copied(request, "main")
                preview = self._copied(request, "lores") if self._streams.get("lores") else None
            finally:
                request.release()  # or the camera runs out of buffers
        self._steer(pixels, told)
        known = {ours: float(told[name]) for name, ours in METADATA.items() if name in told}
        return Shot(pixels, taken_at_s(told), known, preview)

    def expose_for(self, region: Region | None) -> None:
        self._region = region

    def close(self) -> None:
        camera, self._camera = self._camera, None
        job, self._job = self._job, None
        if camera is None:
            return
        with contextlib.suppress(*FAULTS):  # the camera may have left first
            camera.cancel_all_and_flush()  # stopping waits behind a picture that may never come
        if job is not None:
            with contextlib.suppress(*FAULTS):
                job.get_result(timeout=0).release()
        with contextlib.suppress(*FAULTS):
            camera.stop()
        with contextlib.suppress(*FAULTS, KeyError):
            camera.close()

    def _configure(self, camera: Any, colours: Any) -> None:
        """With the small stream where the camera has two; then see what it made of the wish."""
        width, height = self._size
        main = {"size": self._size, "format": layouts.PREFERRED}
        small = {"size": (PREVIEW_PX, round(height * PREVIEW_PX / width / 2) * 2), "format": layouts.SMALL}
        for lores in (small, None) if width > PREVIEW_PX else (None,):
            try:
                camera.configure(
                    camera.create_video_configuration(
                        main=main, lores=lores, colour_space=colours, buffer_count=BUFFERS
                    )
                )
                break
            except FAULTS:
                if lores is None:
                    raise
        self._streams = camera.camera_configuration()
        self._advertised = dict(camera.camera_controls)
        for name in ("main", "lores"):
            layout = (self._streams.get(name) or main)["format"]
            if layout not in layouts.KNOWN:
                raise DeviceRefused(self._device, f"the camera gives {layout}, which nobody reads here")

    def _copied(self, request: Any, stream: str) -> Pixels:
        told = self._streams[stream]
        with self._mapped(request, stream, write=False) as buffer:
            return layouts.to_bgr(buffer.array, told["format"], told["size"][0])

    def _next_request(self, stop: threading.Event) -> Any:
        """One job is kept until it is done: a second one would take the picture after."""
        with self._translated():
            if self._job is None:
                self._job = self._camera.capture_request(wait=False)
            try:
                request = self._job.get_result(timeout=WAIT_S)
            except TimeoutError:
                return None
        self._job = None
        if stop.is_set():
            request.release()
            return None
        return request

    def _steer(self, pixels: Pixels, told: dict[str, Any]) -> None:
        longest_us = 1e6 / self._fps
        self._asked, wishes = steer(self._asked, self._advertised, pixels, told, self._region, longest_us)
        if wishes:
            with self._translated():
                self._camera.set_controls(wishes)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FAULTS as error:
            raise DeviceGone(self._device, f"{type(error).__name__}: {error}") from error


def taken_at_s(told: dict[str, Any]) -> float:
    """The sensor's stamp on the monotonic clock: it is of CLOCK_BOOTTIME in ns, which counts sleep too.

    The difference of the two clocks is read now; a picture from before a sleep is too old to be shown anyway.
    """
    now_ns, boot_ns = time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    age_s = (boot_ns - int(told.get("SensorTimestamp", 0))) / 1e9
    return now_ns / 1e9 - age_s if 0.0 <= age_s < MAX_AGE_S else now_ns / 1e9


def _made(kind: Any, index: int) -> Any:
    """A Picamera2, or its exception; it leaves a pipe open when its constructor fails, and we try twice a second."""
    camera = kind.__new__(kind)
    try:
        camera.__init__(index)
    except FAULTS:
        with contextlib.suppress(OSError, AttributeError):
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        raise
    return camera
