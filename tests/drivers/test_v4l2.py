"""V4L2 where no camera is: what is not a camera is gone, and nothing hangs. The rest runs on the bench."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers.catalogue import CAMERA
from drivers.deadline import Deadline
from drivers.errors import DeviceGone


def test_a_device_that_is_not_there_is_gone(tmp_path: Path) -> None:
    camera = CAMERA["v4l2"](str(tmp_path / "video0"), "c")
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    camera.close()


def test_a_plain_file_is_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"")
    camera = CAMERA["v4l2"](str(path), "c")
    with pytest.raises(DeviceGone, match="no device"):
        camera.next_frame(Deadline(5))
    camera.close()


def test_a_device_of_another_kind_is_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.symlink_to("/dev/null")
    camera = CAMERA["v4l2"](str(path), "c")
    with pytest.raises(DeviceGone, match="cannot be opened"):
        camera.next_frame(Deadline(5))
    camera.close()


def test_a_stalled_camera_is_not_waited_for_longer_than_closing_may_take() -> None:
    assert float(os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"]) <= 2
