"""Cameras that vanish at any byte and any picture: a typed error, never half a picture, and whole again when back."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.api import Pixels
from drivers.camera.feed import LiveCamera, Shot, Source
from drivers.camera.frames import FrameFiles
from drivers.camera.mjpeg import MjpegSource
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceTimeout, WireCorrupt

PICTURES = [np.full((16, 16, 3), level, dtype=np.uint8) for level in (40, 200)]
GREETING = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n"


def jpeg(pixels: Pixels) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def stream(*, with_length: bool) -> bytes:
    parts = b""
    for data in map(jpeg, PICTURES):
        length = b"Content-Length: %d\r\n" % len(data) if with_length else b""
        parts += b"--cut\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + data + b"\r\n"
    return GREETING + parts + b"--cut\r\n"


class Cut:
    """A camera at a socket that says the first bytes of its stream and is gone."""

    def __init__(self) -> None:
        self.said = b""
        self.trickles = False
        self._server = socket.create_server(("127.0.0.1", 0), backlog=4)
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.trickles = False
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += connection.recv(4096)
                connection.sendall(self.said)
                while self.trickles:
                    connection.sendall(b"\xff")
                    time.sleep(0.05)


@pytest.fixture
def cut() -> Iterator[Cut]:
    cut = Cut()
    yield cut
    cut.close()


def seen(source: Source) -> tuple[list[float], DeviceError]:
    """The mean levels of all that comes until the source fails, and how it failed."""
    shots: list[Shot] = []
    try:
        source.open()
        while True:
            try:
                shot = source.grab(threading.Event())
            except WireCorrupt:
                continue
            if shot is not None:
                shots.append(shot)
    except DeviceError as error:
        return [float(shot.pixels.mean()) for shot in shots], error
    finally:
        source.close()


@pytest.mark.parametrize("with_length", [True, False])
def test_an_ip_camera_cut_off_at_any_byte_is_gone_and_shows_no_half_picture(cut: Cut, with_length: bool) -> None:
    whole = stream(with_length=with_length)
    source = MjpegSource("c", cut.address)
    counts = []
    for length in range(len(whole) + 1):
        cut.said = whole[:length]
        levels, error = seen(source)
        assert isinstance(error, DeviceGone), (length, error)
        assert levels == pytest.approx([40, 200][: len(levels)], abs=2), length
        counts.append(len(levels))
    assert counts == sorted(counts) and counts[-1] == 2  # the more was said, the more was seen


def test_a_camera_that_only_trickles_is_opened_again(cut: Cut) -> None:
    """Bytes go on coming, pictures do not."""
    cut.said = GREETING + b"--cut\r\nContent-Type: image/jpeg\r\n\r\n"
    cut.trickles = True
    source = MjpegSource("c", cut.address)
    source.silence_s = 0.5
    camera = LiveCamera("c", source)
    with pytest.raises(DeviceTimeout, match="opening again"):
        for _ in range(3):
            with contextlib.suppress(DeviceGone):
                camera.next_frame(Deadline(30))
    cut.trickles, cut.said = False, stream(with_length=True)
    deadline = Deadline(30)
    while True:
        with contextlib.suppress(DeviceError):
            assert camera.next_frame(deadline).pixels.shape == (16, 16, 3)
            break
        deadline.check("c")
    camera.close()


class Folder:
    """Pictures in a folder."""

    def __init__(self, place: Path) -> None:
        self.path = place / "camera"
        self.path.mkdir()
        for number, pixels in enumerate(PICTURES):
            cv2.imwrite(str(self.path / f"{number}.png"), pixels)


class Film:
    """The same, as a film."""

    def __init__(self, place: Path) -> None:
        self.path = place / "camera.avi"
        writer = cv2.VideoWriter(str(self.path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (16, 16))
        for pixels in PICTURES:
            writer.write(pixels)
        writer.release()


@pytest.mark.parametrize("kind", [Folder, Film])
@pytest.mark.parametrize("after", range(5))
def test_files_taken_away_after_any_picture_are_gone_and_begin_anew(
    tmp_path: Path, kind: type[Folder | Film], after: int
) -> None:
    path, away = kind(tmp_path).path, tmp_path / "away"
    source, never = FrameFiles("c", path, fps=1000), threading.Event()
    for _ in range(2):
        source.open()
        levels = [shot.pixels.mean() for shot in (source.grab(never) for _ in range(after)) if shot is not None]
        assert levels == pytest.approx([40, 200, 40, 200, 40][:after], abs=2)
        path.rename(away)
        with pytest.raises(DeviceGone):
            source.grab(never)
        source.close()
        with pytest.raises(DeviceGone):
            source.open()
        away.rename(path)
    source.close()


def test_a_picture_that_vanishes_from_its_folder_is_one_picture_lost(tmp_path: Path) -> None:
    path = Folder(tmp_path).path
    source, never = FrameFiles("c", path, fps=1000), threading.Event()
    source.open()
    assert source.grab(never) is not None
    (path / "1.png").unlink()
    with pytest.raises(WireCorrupt, match=r"1\.png"):
        source.grab(never)
    assert source.grab(never) is not None
    source.close()


def test_files_that_have_been_shown_may_be_silent_for_ever(tmp_path: Path) -> None:
    assert FrameFiles("c", tmp_path, fps=1).silence_s == math.inf
