"""Unmodified picamera2 on libcamera's virtual camera takes our pictures through our driver; in `make test-full`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.api import Pixels
from scripts import libcamera
from tests.drivers.virtual_camera.adapted import SIZE, SIZES

pytestmark = [pytest.mark.full, pytest.mark.timeout(4000)]  # the first time libcamera is built

ROOT = Path(__file__).parent.parent.parent
SUITE = Path("tests/drivers/virtual_camera/suite.py")
LIMIT_S = 600
PIPELINE = """%YAML 1.1
---
"kiosk0":
  supported_formats:
{formats}
  frames:
    path: "{frames}"
  location: "CameraLocationFront"
  model: "imx708"
"""
FORMAT = """  - width: {}
    height: {}
    frame_rates: [30, 30]"""


def drawn(number: int) -> Pixels:
    """A flat colour with a bright disc; no two are alike."""
    colour = [(40, 60, 200), (60, 190, 70), (200, 90, 40), (120, 120, 120)][number]
    picture = np.full((SIZE[1], SIZE[0], 3), colour, dtype=np.uint8)
    cv2.circle(picture, (120 + 120 * number, 240), 90, (230, 230, 230), -1)
    return picture


def describe(made: libcamera.Stack, folder: Path) -> None:
    """The virtual camera shows the pictures of this folder, in turn."""
    made.pipeline.parent.mkdir(parents=True, exist_ok=True)
    made.pipeline.write_text(PIPELINE.format(formats="\n".join(FORMAT.format(*size) for size in SIZES), frames=folder))


def suite(made: libcamera.Stack, folder: Path, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """The suite in picamera2's own environment, over pictures drawn into `folder`."""
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.jpg"), drawn(number), [cv2.IMWRITE_JPEG_QUALITY, 95])
    describe(made, folder)
    told = made.environment()
    told["PYTHONPATH"] += f"{os.pathsep}{ROOT}"
    command = [
        str(made.python),
        "-m",
        "pytest",
        "-c",
        "/dev/null",
        "--rootdir",
        str(ROOT),
        "-p",
        "no:cacheprovider",
        "--noconftest",
    ]
    command += ["--import-mode=importlib", "-rs", "-v", *arguments, str(SUITE)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **told, "LANDFALL_VIRTUAL_FRAMES": str(folder)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_the_driver_keeps_the_conformance_of_cameras_on_a_real_picamera2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        made = libcamera.stack()
    except libcamera.CannotBuild as error:
        pytest.skip(f"no picamera2 on libcamera here: {error}")
    began_s = time.monotonic()
    done = suite(made, tmp_path)
    took_s = time.monotonic() - began_s
    with capsys.disabled():
        sys.stdout.write(f"\nvirtual camera: built in {made.built_in_s:.0f} s, tested in {took_s:.0f} s\n")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    counted = {word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped)", done.stdout)}
    assert counted["passed"] >= 12, done.stdout[-3000:]
    assert counted.get("skipped", 0) <= 4, done.stdout[-3000:]  # nobody can pull the virtual camera or stall it
