"""The Pi camera against a stand-in for picamera2: the calls our driver makes, not more. The rest needs a Pi."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from drivers.catalogue import CAMERA
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout

STAND_IN = '''
"""A stand-in for picamera2 with one camera of 64 x 48 whose green follows the exposure value."""
import time
import numpy as np

state = {"held": 0, "open": 0, "controls": [], "stalled": False, "fails": False, "stops": 0.0}

class Request:
    def make_array(self, name):
        assert name == "main"
        level = min(255, int(40 * 2 ** (state["stops"] / 2.2)))
        return np.full((48, 64, 3), (10, level, 30), dtype=np.uint8)
    def get_metadata(self):
        return {"SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 20_000_000,
                "ExposureTime": 9000, "AnalogueGain": 2.5, "Lux": 310.0, "FocusFoM": 900, "ColourGains": (1, 2)}
    def release(self):
        state["held"] -= 1

class Job:
    def get_result(self, timeout):
        if state["fails"]:
            raise RuntimeError("camera went away")
        if state["stalled"]:
            time.sleep(timeout)
            raise TimeoutError
        time.sleep(0.02)
        state["held"] += 1
        assert state["held"] <= 4, "out of buffers"
        return Request()

class Picamera2:
    def __init__(self, index):
        if index != 0:
            raise IndexError("list index out of range")
        state["open"] += 1
    def create_video_configuration(self, main, controls, buffer_count):
        assert main == {"size": (64, 48), "format": "RGB888"} and controls == {"FrameRate": 20.0} and buffer_count > 1
        return "configuration"
    def configure(self, configuration):
        assert configuration == "configuration"
    def start(self): pass
    def capture_request(self, wait):
        assert wait is False
        return Job()
    def set_controls(self, controls):
        state["controls"].append(controls)
        state["stops"] = controls["ExposureValue"]
    def stop(self): pass
    def close(self):
        state["open"] -= 1
'''


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "picamera2.py").write_text(textwrap.dedent(STAND_IN))
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("picamera2", None)
    import picamera2  # noqa: PLC0415

    yield picamera2
    sys.modules.pop("picamera2", None)


@pytest.mark.skipif(importlib.util.find_spec("picamera2") is not None, reason="picamera2 is installed here")
def test_without_the_pis_software_the_camera_is_gone() -> None:
    camera = CAMERA["picamera"]("0", "c")
    with pytest.raises(DeviceGone, match="picamera2"):
        camera.next_frame(Deadline(5))
    camera.close()


def test_frames_carry_what_the_camera_tells_and_every_buffer_goes_back(stack: ModuleType) -> None:
    camera = CAMERA["picamera"]("0?size=64x48&fps=20", "c")
    for _ in range(8):
        frame = camera.next_frame(Deadline(5))
    assert frame.pixels[0, 0].tolist() == [10, 40, 30]
    assert frame.metadata == {"exposure_us": 9000.0, "gain": 2.5, "lux": 310.0, "focus": 900.0}
    assert 0.02 <= time.monotonic() - frame.captured_at_monotonic_s < 10
    camera.close()
    assert stack.state["held"] == 0
    assert stack.state["open"] == 0


def test_exposure_is_steered_until_the_region_is_mid_grey(stack: ModuleType) -> None:
    camera = CAMERA["picamera"]("0?size=64x48&fps=20", "c")
    camera.expose_for((8, 8, 32, 32))
    deadline = Deadline(10)
    while camera.next_frame(deadline).pixels[0, 0, 1] < 70:
        pass
    camera.expose_for(None)
    camera.next_frame(deadline)
    camera.next_frame(deadline)
    camera.close()
    assert stack.state["controls"][-1] == {"ExposureValue": 0.0}
    assert all(-2 <= control["ExposureValue"] <= 2 for control in stack.state["controls"])


def test_a_stalled_camera_is_a_timeout_and_goes_on_later(stack: ModuleType) -> None:
    camera = CAMERA["picamera"]("0?size=64x48&fps=20", "c")
    camera.next_frame(Deadline(5))
    stack.state["stalled"] = True
    with pytest.raises(DeviceTimeout):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    stack.state["stalled"] = False
    camera.next_frame(Deadline(5))
    camera.close()


def test_a_camera_that_fails_is_gone_and_opened_again(stack: ModuleType) -> None:
    camera = CAMERA["picamera"]("0?size=64x48&fps=20", "c")
    camera.next_frame(Deadline(5))
    stack.state["fails"] = True
    with pytest.raises(DeviceGone):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    stack.state["fails"] = False
    deadline = Deadline(5)
    while True:
        try:
            camera.next_frame(deadline)
            break
        except DeviceGone:
            deadline.pause("c", 0.1)
    camera.close()
    assert stack.state["open"] == 0


def test_a_number_without_a_camera_is_gone(stack: ModuleType) -> None:
    camera = CAMERA["picamera"]("3", "c")
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    camera.close()
