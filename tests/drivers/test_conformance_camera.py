"""Files and IP cameras keep what all cameras must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.api import Pixels
from drivers.catalogue import CAMERA
from hw_tests.conformance.camera import CameraConformance, CameraRig
from simulators.faults import Faults
from simulators.mjpeg_camera import MjpegCameraSim

SHAPE = (120, 160)
LEVEL = (30.0, 90.0, 200.0)


def scene() -> Pixels:
    return np.full((*SHAPE, 3), LEVEL, dtype=np.uint8)


def jpeg(pixels: Pixels) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class TestFolder(CameraConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[CameraRig]:
        folder, away = tmp_path / "frames", tmp_path / "away"
        folder.mkdir()
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), scene())
        camera = CAMERA["frames"](f"{folder}?fps=20", "camera-1")
        yield CameraRig(
            camera, SHAPE, unplug=lambda: folder.rename(away), replug=lambda: away.rename(folder), level=LEVEL
        )
        camera.close()


class TestFilm(CameraConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[CameraRig]:
        film, away = tmp_path / "film.avi", tmp_path / "away.avi"
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 20, (SHAPE[1], SHAPE[0]))
        for _ in range(10):
            writer.write(scene())
        writer.release()
        camera = CAMERA["frames"](f"{film}?fps=20", "camera-1")
        yield CameraRig(camera, SHAPE, unplug=lambda: film.rename(away), replug=lambda: away.rename(film), level=LEVEL)
        camera.close()


class TestMjpeg(CameraConformance):
    @pytest.fixture
    def rig(self) -> Iterator[CameraRig]:
        faults = Faults()
        sim = MjpegCameraSim(fps=20, faults=faults)
        picture = jpeg(scene())
        sim.show(picture)
        camera = CAMERA["mjpeg"](sim.address, "camera-1")
        yield CameraRig(
            camera,
            SHAPE,
            unplug=sim.unplug,
            replug=sim.replug,
            level=LEVEL,
            stall=lambda on: sim.cover() if on else sim.show(picture),
            refuse=lambda on: setattr(faults, "wrong_status", on),
        )
        camera.close()
        sim.close()
