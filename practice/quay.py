"""The quay: simulated hands, face, document and finger at one kiosk's wires, and what a person may do with them."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2

from practice.port import Hardware
from simulators.escpos import EscposSim
from simulators.faces import Lighting, Pose, Scene
from simulators.fingers import Condition, impression, master
from simulators.lane_board import LaneBoardSim
from simulators.mjpeg_camera import MjpegCameraSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.presenters import BonaFide, Nobody, Presenter, PrintedPhoto, ScreenReplay, SideBySide
from simulators.travellers import TRAVELLERS, Traveller, traveller
from simulators.zfm import ZfmSim

FPS = 8.0
LOOK_EVERY_S = 0.15
"""How often the simulated traveller looks at the kiosk's screen to see what is asked of him."""

FIRST_PICTURE_S = 10.0
"""A face nobody has drawn before takes a second; on a busy machine more."""

STANCES: dict[str, Pose] = {
    "too_far": Pose(distance_cm=90),
    "too_near": Pose(distance_cm=30),
    "too_far_left": Pose(x_cm=15),
    "too_far_right": Pose(x_cm=-15),
    "seated": Pose(y_cm=4),
    "below_the_picture": Pose(y_cm=12),
    "above_the_picture": Pose(y_cm=-11),
    "looking_away": Pose(yaw_deg=24),
    "eyes_closed": Pose(eyes_open=0.0),
}
"""How a bona fide traveller may stand; left and right are his own."""


def _standing(pose: Pose) -> Callable[[Traveller], Presenter]:
    return lambda who: BonaFide(who.face(), standing=pose)


FACES: dict[str, Callable[[Traveller], Presenter]] = {
    "bona_fide": lambda who: BonaFide(who.face()),
    **{stance: _standing(pose) for stance, pose in STANCES.items()},
    "two_people": lambda who: SideBySide(BonaFide(who.face()), BonaFide(TRAVELLERS[1].face())),
    "printed_photo": lambda who: PrintedPhoto(who.face()),
    "screen_replay": lambda who: ScreenReplay(who.face()),
    "screen_still": lambda who: ScreenReplay(who.face(), still=True),
    "in_the_dark": lambda who: BonaFide(who.face(), scene=Scene(lighting=Lighting.DARK)),
    "against_the_light": lambda who: BonaFide(who.face(), scene=Scene(lighting=Lighting.BACKLIT)),
    "nobody": lambda _who: Nobody(),
}
OWN = "own"
"""His finger as it is on an ordinary day; a sailor's is dry."""
FINGERS: tuple[str, ...] = (OWN, *(condition.value for condition in Condition if condition is not Condition.EMPTY))
DEVICES: tuple[str, ...] = ("document_reader", "camera", "fingerprint")
LANE_ACTS: tuple[str, ...] = ("headset_in", "headset_out", "press_button", "unplug", "replug")
PRINTER_ACTS: tuple[str, ...] = ("paper_out", "paper_low", "new_roll", "open_cover", "close_cover", "unplug", "replug")
FAULTS: tuple[str, ...] = ("unplug", "replug", "mute", "noisy", "split", "late", "wrong_status", "well")


class Quay:
    """One kiosk's simulated devices on ptys and a loopback camera, and the traveller who stands there.

    `look(url)` makes him watch a kiosk's public screen, so that he follows what it asks, as a person would.
    """

    def __init__(self, folder: Path, *, fps: float = FPS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.reader = MrzSwipeSim(folder / "mrz", Profile.ELYCTIS)
        self.sensor = ZfmSim(folder / "finger")
        self.camera = MjpegCameraSim(fps=fps)
        self.printer = EscposSim(folder / "printer")
        self.lane = LaneBoardSim(folder / "lane")
        self.headset = "out"
        self.who: Traveller = TRAVELLERS[0]
        self.face, self.finger = "nobody", "none"
        self._presenter: Presenter = Nobody()
        self._period_s = 1.0 / fps
        self._asked: str | None = None
        self._screen_url: str | None = None
        self._leaving, self._seen = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("quay camera", self._film), ("quay eyes", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    def hardware(self) -> Hardware:
        """What the kiosk is told about its devices."""
        return Hardware(
            document_reader="elyctis",
            document_reader_address=str(self.reader.path),
            camera="mjpeg",
            camera_address=self.camera.address,
            fingerprint="zfm",
            fingerprint_address=str(self.sensor.path),
            fill_light="http",
            fill_light_address=self.camera.light_address,
            printer="escpos",
            printer_address=str(self.printer.path),
            lane="board",
            lane_address=str(self.lane.path),
        )

    # what a person may do; each raises KeyError or ValueError for a word it does not know

    def present(self, key: str) -> None:
        """Another traveller steps up: face to the camera, finger still lifted."""
        self.who = traveller(key)
        self.show_face("bona_fide")
        self.lift()

    def swipe(self, how: str = "well") -> None:
        """Draw the document through the reader: "well", or "badly" so that characters are lost."""
        lines = self.who.lines(datetime.now(UTC).date())
        if how == "badly":
            lines = tuple("?" * 9 + line[9:] for line in lines)
        elif how != "well":
            raise ValueError(f"a document is swiped well or badly, not {how!r}")
        self.reader.present(lines)

    def show_face(self, kind: str) -> None:
        presenter = FACES[kind](self.who)
        self._seen.clear()
        self._presenter = presenter
        self.face = kind
        self._seen.wait(FIRST_PICTURE_S)  # who says "show" means that the camera sees it now

    def place(self, condition: str) -> None:
        """Put the traveller's finger, or a moulded copy of it, on the glass."""
        kind = self.who.finger_condition if condition == OWN else Condition(condition)
        self.sensor.place(impression(master(self.who.finger_seed), kind, seed=int(time.monotonic() * 1000) % 9973))
        self.finger = condition

    def lift(self) -> None:
        self.sensor.lift()
        self.finger = "none"

    def walk_away(self) -> None:
        self.show_face("nobody")
        self.lift()

    def at_lane(self, act: str) -> None:
        """Jack, button and cable of the lane's board."""
        acts: dict[str, Callable[[], object]] = {
            "headset_in": lambda: self._plug_headset(True),
            "headset_out": lambda: self._plug_headset(False),
            "press_button": self.lane.press,
            "unplug": self.lane.unplug,
            "replug": self.lane.replug,
        }
        acts[act]()

    def _plug_headset(self, is_in: bool) -> None:
        self.headset = "in" if is_in else "out"
        self.lane.plug_headset(is_in)

    def at_printer(self, act: str) -> None:
        """Paper, cover and cable of the printer."""
        acts: dict[str, Callable[[], object]] = {
            "paper_out": lambda: setattr(self.printer, "rows_left", 0),
            "paper_low": lambda: setattr(self.printer, "is_low", True),
            "new_roll": self._new_roll,
            "open_cover": lambda: setattr(self.printer, "cover_is_open", True),
            "close_cover": self.printer.close_cover,
            "unplug": self.printer.unplug,
            "replug": self.printer.replug,
        }
        acts[act]()

    def _new_roll(self) -> None:
        self.printer.is_low = False
        self.printer.refill()

    def slip(self) -> bytes | None:
        """The last slip as a picture (PNG); None: none has come out."""
        return self.printer.sheets[-1].png() if self.printer.sheets else None

    def disturb(self, device: str, fault: str) -> None:
        """Turn a fault knob of one device; "well" clears them, "replug" puts it back."""
        if device not in DEVICES or fault not in FAULTS:
            raise ValueError(f"no fault {fault!r} of {device!r}")
        simulators: dict[str, MrzSwipeSim | MjpegCameraSim | ZfmSim] = {
            "document_reader": self.reader,
            "camera": self.camera,
            "fingerprint": self.sensor,
        }
        simulator = simulators[device]
        if fault == "unplug":
            simulator.unplug()
        elif fault == "replug":
            simulator.replug()
        elif fault == "well":
            simulator.faults.clear()
        else:
            strength = {"noisy": 0.02, "late": 1.5}.get(fault, True)
            setattr(simulator.faults, {"late": "delay_s"}.get(fault, fault), strength)

    def look(self, url: str | None) -> None:
        """Watch this kiosk's public screen state (its /state), or none."""
        self._screen_url = url

    def close(self) -> None:
        self._leaving.set()
        for thread in self._threads:
            thread.join(5.0)
        self.camera.close()
        self.reader.close()
        self.sensor.close()
        self.printer.close()
        self.lane.close()

    def _film(self) -> None:
        began_s = time.monotonic()
        while not self._leaving.is_set():
            due_s = time.monotonic() + self._period_s
            presenter = self._presenter
            if isinstance(presenter, BonaFide):
                presenter.fill = round(self.camera.light * 4) / 4  # in steps that repeat, as the pictures then do
            pixels = presenter.frame(time.monotonic() - began_s, self._asked)
            self.camera.show(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
            if presenter is self._presenter:
                self._seen.set()
            self._leaving.wait(max(0.0, due_s - time.monotonic()))

    def _watch(self) -> None:
        while not self._leaving.wait(LOOK_EVERY_S):
            url = self._screen_url
            self._asked = None if url is None else _asked_on(url)


def _asked_on(url: str) -> str | None:
    """What the screen asks; a screen that cannot be read asks nothing."""
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:  # noqa: S310  our own loopback address
            asked = json.load(answer).get("asked")
    except (OSError, ValueError):
        return None
    return asked if isinstance(asked, str) else None
