"""Folders and films as cameras."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.catalogue import CAMERA
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout, WireCorrupt


def picture(folder: Path, name: str, level: int) -> None:
    cv2.imwrite(str(folder / name), np.full((24, 32, 3), level, dtype=np.uint8))


def test_a_folder_is_shown_in_the_order_of_its_names_and_over_again(tmp_path: Path) -> None:
    for level in (10, 20, 30):
        picture(tmp_path, f"{level}.png", level)
    (tmp_path / "notes.txt").write_text("no picture")
    camera = CAMERA["frames"](f"{tmp_path}?fps=10", "c")
    levels = [int(camera.next_frame(Deadline(5)).pixels[0, 0, 0]) for _ in range(7)]
    assert levels == [10, 20, 30, 10, 20, 30, 10]
    camera.close()


def test_the_pace_is_kept(tmp_path: Path) -> None:
    picture(tmp_path, "0.png", 10)
    camera = CAMERA["frames"](f"{tmp_path}?fps=20", "c")
    camera.next_frame(Deadline(5))
    begun_s = time.monotonic()
    for _ in range(10):
        camera.next_frame(Deadline(5))
    assert 0.4 <= time.monotonic() - begun_s < 10
    camera.close()


def test_without_a_loop_the_end_is_a_stall(tmp_path: Path) -> None:
    picture(tmp_path, "0.png", 10)
    camera = CAMERA["frames"](f"{tmp_path}?fps=20&loop=0", "c")
    camera.next_frame(Deadline(5))
    with pytest.raises(DeviceTimeout):
        camera.next_frame(Deadline(0.5))
    camera.close()


def test_a_film_is_shown_in_its_colours_and_over_again(tmp_path: Path) -> None:
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, (32, 24))
    for blue in (40, 200):
        writer.write(np.full((24, 32, 3), (blue, 90, 120), dtype=np.uint8))
    writer.release()
    camera = CAMERA["frames"](f"{film}?fps=10", "c")
    blues = [camera.next_frame(Deadline(5)).pixels[..., 0].mean() for _ in range(4)]
    assert blues == pytest.approx([40, 200, 40, 200], abs=8)
    camera.close()


def test_a_file_that_is_no_picture_is_corrupt_and_the_others_are_shown(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"\x89PNG cut off")
    picture(tmp_path, "1.png", 77)
    camera = CAMERA["frames"](f"{tmp_path}?fps=5", "c")
    with pytest.raises(WireCorrupt, match=r"0\.png"):
        camera.next_frame(Deadline(5))
    assert camera.next_frame(Deadline(5)).pixels[0, 0, 0] == 77
    camera.close()


@pytest.mark.parametrize("what", ["nothing there", "empty folder", "no film"])
def test_what_shows_nothing_is_gone(tmp_path: Path, what: str) -> None:
    path = tmp_path / "frames"
    if what == "empty folder":
        path.mkdir()
    if what == "no film":
        path.write_bytes(b"text")
    camera = CAMERA["frames"](str(path), "c")
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    camera.close()


def test_pictures_of_different_sizes_are_each_themselves(tmp_path: Path) -> None:
    picture(tmp_path, "0.png", 1)
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((10, 12), dtype=np.uint8))  # grey on disk, BGR as a frame
    camera = CAMERA["frames"](f"{tmp_path}?fps=5", "c")
    assert [camera.next_frame(Deadline(5)).pixels.shape for _ in range(2)] == [(24, 32, 3), (10, 12, 3)]
    camera.close()
