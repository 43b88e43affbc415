"""Pages from a folder: what counts as a page put on the reader, and what does not."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceGone, DeviceTimeout, WireCorrupt
from drivers.passport_reader.page import PageFolder


def picture(level: int) -> bytes:
    _, file = cv2.imencode(".png", np.full((40, 60, 3), level, np.uint8))
    return file.tobytes()


def later(action: Callable[[], object], after_s: float = 0.4) -> threading.Timer:
    timer = threading.Timer(after_s, action)
    timer.start()
    return timer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "glass"
    path.mkdir()
    return path


def test_a_picture_that_appears_is_the_page(folder: Path) -> None:
    timer = later(lambda: (folder / "a.png").write_bytes(picture(7)))
    frame = PageFolder("page-1", folder).next_frame(Deadline(10))
    timer.join()
    assert frame.camera == "page-1"
    assert frame.pixels.shape == (40, 60, 3)
    assert int(frame.pixels[0, 0, 0]) == 7


def test_a_picture_that_lay_there_before_is_nobodys(folder: Path) -> None:
    (folder / "a.png").write_bytes(picture(7))
    with pytest.raises(DeviceTimeout):
        PageFolder("page-1", folder).next_frame(Deadline(0.6))


def test_the_same_name_saved_anew_is_a_new_page(folder: Path) -> None:
    (folder / "a.png").write_bytes(picture(7))
    timer = later(lambda: (folder / "a.png").write_bytes(picture(9)))
    frame = PageFolder("page-1", folder).next_frame(Deadline(10))
    timer.join()
    assert int(frame.pixels[0, 0, 0]) == 9


def test_a_file_still_being_written_is_waited_for(folder: Path) -> None:
    data = picture(11)

    def write_slowly() -> None:
        with (folder / "a.png").open("wb") as file:
            for at in range(0, len(data), 20):
                file.write(data[at : at + 20])
                file.flush()
                time.sleep(0.05)

    timer = later(write_slowly)
    frame = PageFolder("page-1", folder).next_frame(Deadline(10))
    timer.join()
    assert int(frame.pixels[0, 0, 0]) == 11


def test_other_files_are_no_pages(folder: Path) -> None:
    timer = later(lambda: (folder / "a.part").write_bytes(picture(7)), 0.2)
    with pytest.raises(DeviceTimeout):
        PageFolder("page-1", folder).next_frame(Deadline(0.8))
    timer.join()


@pytest.mark.parametrize("data", [b"", b"no picture at all", picture(3)[:30]])
def test_a_page_that_is_no_picture_is_corrupt_and_the_next_one_is_read(folder: Path, data: bytes) -> None:
    source = PageFolder("page-1", folder)
    timer = later(lambda: (folder / "a.png").write_bytes(data))
    with pytest.raises(WireCorrupt):
        source.next_frame(Deadline(10))
    timer.join()
    timer = later(lambda: (folder / "b.png").write_bytes(picture(5)))
    assert int(source.next_frame(Deadline(10)).pixels[0, 0, 0]) == 5
    timer.join()


def test_a_folder_that_vanishes_is_gone_and_comes_back(folder: Path) -> None:
    source = PageFolder("page-1", folder)
    timer = later(lambda: shutil.rmtree(folder))
    with pytest.raises(DeviceGone):
        source.next_frame(Deadline(10))
    timer.join()
    folder.mkdir()
    timer = later(lambda: (folder / "a.png").write_bytes(picture(5)))
    assert int(source.next_frame(Deadline(10)).pixels[0, 0, 0]) == 5
    timer.join()


def test_a_caller_who_leaves_is_let_go(folder: Path) -> None:
    deadline = Deadline(60)
    timer = later(deadline.cancel)
    with pytest.raises(Cancelled):
        PageFolder("page-1", folder).next_frame(deadline)
    timer.join()
