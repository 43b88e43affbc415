"""A simulated traveller who costs no time: his pictures are drawn beforehand and he obeys with the next frame."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2

from practice.port import Hardware
from simulators.faces import FRONTAL, GOOD, Identity, render
from simulators.fingers import Condition, impression, master
from simulators.mjpeg_camera import MjpegCameraSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.travellers import Traveller
from simulators.zfm import ZfmSim

TURN_DEG = 27
STEP_DEG = 9  # between two pictures: the track takes a larger step for another face
GRAINS = 3  # drawings of one pose, so that no picture comes twice in a row
ASKED_DEG = {
    "turn_left": (TURN_DEG, 0),
    "turn_right": (-TURN_DEG, 0),
    "lift_chin": (0, -TURN_DEG),
    "lower_chin": (0, TURN_DEG),
}
"""Yaw and pitch."""
RECONNECT_S = 0.2
SILENCE_S = 10.0


class Hands:
    """Document reader, camera and sensor of one kiosk. Nothing is drawn after the constructor has returned.

    The finger lies on the glass from the beginning, with the sensor's line unthrottled; the head moves
    STEP_DEG a picture as soon as the kiosk's screen asks.
    """

    def __init__(self, folder: Path, who: Traveller, *, fps: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._who = who
        self._period_s = 1.0 / fps
        self._film = drawn(who.face())
        self.reader = MrzSwipeSim(folder / "mrz", Profile.ELYCTIS)
        self.sensor = ZfmSim(folder / "finger")
        self.sensor.place(impression(master(who.finger_seed), Condition.GOOD, seed=1))
        self.camera = MjpegCameraSim(fps=fps)
        self._asked: str | None = None
        self._leaving = threading.Event()
        self._threads = [threading.Thread(target=self._show, name="bench camera", daemon=True)]
        self._threads[0].start()

    def hardware(self) -> Hardware:
        return Hardware(
            document_reader="elyctis",
            document_reader_address=str(self.reader.path),
            camera="mjpeg",
            camera_address=self.camera.address,
            fingerprint="zfm",
            fingerprint_address=str(self.sensor.path),
        )

    def look(self, port: int) -> None:
        """Watch the kiosk's screen: its event stream says when to look, so that looking costs it next to nothing."""
        self._threads.append(threading.Thread(target=self._watch, args=(port,), name="bench eyes", daemon=True))
        self._threads[-1].start()

    def swipe(self) -> None:
        self.reader.present(self._who.lines(datetime.now(UTC).date()))

    def close(self) -> None:
        self._leaving.set()
        for thread in self._threads:
            thread.join(SILENCE_S + 1.0)
        self.camera.close()
        self.reader.close()
        self.sensor.close()

    def _show(self) -> None:
        pose, grains = (0, 0), itertools.cycle(range(GRAINS))
        while not self._leaving.wait(self._period_s):
            pose = nearer(pose, ASKED_DEG.get(self._asked or "", (0, 0)))
            self.camera.show(self._film[pose, next(grains)])

    def _watch(self, port: int) -> None:
        while not self._leaving.is_set():
            try:
                for _ in views(port, self._leaving):
                    self._asked = screen(port)["asked"]
            except (OSError, http.client.HTTPException):
                self._leaving.wait(RECONNECT_S)


Degrees = tuple[int, int]
"""Yaw and pitch; one of the two is 0."""


def nearer(pose: Degrees, wanted: Degrees) -> Degrees:
    """One step towards it, straight first: only turns and nods are drawn, no mixture."""
    is_other_axis = (pose[0] and wanted[1]) or (pose[1] and wanted[0])
    goal = (0, 0) if is_other_axis else wanted
    yaw, pitch = (now + max(-STEP_DEG, min(STEP_DEG, there - now)) for now, there in zip(pose, goal, strict=True))
    return yaw, pitch


def drawn(face: Identity) -> dict[tuple[Degrees, int], bytes]:
    """JPEG by (pose, grain), 640 x 480: all that the camera will ever see."""
    steps = range(-TURN_DEG, TURN_DEG + 1, STEP_DEG)
    poses = dict.fromkeys([*((yaw, 0) for yaw in steps), *((0, pitch) for pitch in steps)])
    return {
        ((yaw, pitch), grain): cv2.imencode(
            ".jpg",
            render(
                face,
                replace(FRONTAL, yaw_deg=float(yaw), pitch_deg=float(pitch)),
                replace(GOOD, noise_seed=grain),
            ),
            [cv2.IMWRITE_JPEG_QUALITY, 88],
        )[1].tobytes()
        for yaw, pitch in poses
        for grain in range(GRAINS)
    }


def screen(port: int) -> dict[str, str]:
    """The kiosk's public screen state."""
    with _connection(port) as connection:
        connection.request("GET", "/state")
        told: dict[str, str] = json.loads(connection.getresponse().read())
    return told


def touch(port: int, what: str, language: str = "") -> None:
    """As the page does."""
    body = f"language={language}" if language else ""
    head = {"origin": f"http://127.0.0.1:{port}", "content-type": "application/x-www-form-urlencoded"}
    with _connection(port) as connection:
        connection.request("POST", f"/touch/{what}", body, head)
        answer = connection.getresponse()
        if answer.status != 204:
            raise RuntimeError(f"touch {what}: HTTP {answer.status}")


def views(port: int, leaving: threading.Event) -> Iterator[None]:
    """Once for each new view of the kiosk's event stream."""
    with _connection(port) as connection:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        while not leaving.is_set() and (line := answer.readline()):
            if line.startswith(b"event: view"):
                yield


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE_S)
    try:
        yield connection
    finally:
        connection.close()


def wait_for(port: int, *states: str, within_s: float = 60.0) -> str:
    """The first of these states that the screen shows. TimeoutError."""
    ends_s = time.monotonic() + within_s
    while (now := screen(port)["state"]) not in states:
        if time.monotonic() > ends_s:
            raise TimeoutError(f"waited for {' or '.join(states)}, the screen shows {now}")
        time.sleep(0.1)
    return now
