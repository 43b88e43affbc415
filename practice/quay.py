"""The quay: simulated hands, face, document and finger at one kiosk's wires, and what a person may do with them."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from practice.papers import KINDS, Papers
from practice.port import Hardware
from practice.processes import told
from simulators.escpos import EscposSim
from simulators.faces import Lighting, Pose, Scene
from simulators.fingers import Condition, impression, master
from simulators.lane_board import LaneBoardSim
from simulators.mjpeg_camera import MjpegCameraSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.pcscd import Pcscd
from simulators.presenters import BonaFide, Nobody, Presenter, PrintedPhoto, ScreenReplay, SideBySide
from simulators.travellers import TRAVELLERS, Traveller, traveller
from simulators.vpcd_wire import AWAY_S, AirInterface, ChipOnReader
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
ABSENT, LEAVES = "absent", "leaves"
CHIPS: tuple[str, ...] = (*KINDS, LEAVES, ABSENT)
"""What the document's chip is like; one that leaves is taken away once in the middle of its reading."""
LEAVES_AT = 30
"""The command in whose place it leaves: by then its zone is read and its portrait is not."""
AIR_KBIT_S = 424.0
CHIP_READER = "chip_reader"
CHIP_READER_FAULTS = ("unplug", "replug", "well")
DEVICES: tuple[str, ...] = ("document_reader", "camera", "fingerprint", "lane")
LANE_ACTS: tuple[str, ...] = ("press", "open_housing", "close_housing", "headset_in", "headset_out", "restart")
PRINTER_ACTS: tuple[str, ...] = ("paper_out", "paper_low", "new_roll", "open_cover", "close_cover", "unplug", "replug")
FAULTS: tuple[str, ...] = ("unplug", "replug", "mute", "noisy", "split", "late", "wrong_status", "well")


class Quay:
    """One kiosk's simulated devices on ptys and a loopback camera, and the traveller who stands there.

    `look(url)` makes him watch a kiosk's public screen, so that he follows what it asks, as a person would.
    """

    def __init__(self, folder: Path, *, fps: float = FPS, papers: Papers | None = None) -> None:
        """`papers`: who signs the chips, which then lie on a virtual reader; None: this kiosk has no such reader.

        Raises `simulators.pcscd.Missing`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._papers = papers
        self._corner = tempfile.TemporaryDirectory(prefix="pcscd-")  # a socket's path may not be as long as folders are
        self.pcscd = None if papers is None else Pcscd(Path(self._corner.name))
        self.chip_kind = "good"
        self._on_reader: ChipOnReader | None = None
        self._taken_up_s = 0.0
        self.reader = MrzSwipeSim(folder / "mrz", Profile.ELYCTIS)
        self.sensor = ZfmSim(folder / "finger")
        self.camera = MjpegCameraSim(fps=fps)
        self.lane = LaneBoardSim(folder / "lane")
        self.printer = EscposSim(folder / "printer")
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
            **(
                {} if self.pcscd is None else {"chip_reader": "pcsc", "chip_reader_address": self.pcscd.slots[0].reader}
            ),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the kiosk's process must find set, to reach the reader."""
        return {} if self.pcscd is None else {"PCSCLITE_CSOCK_NAME": self.pcscd.socket}

    # what a person may do; each raises KeyError or ValueError for a word it does not know

    def present(self, key: str) -> None:
        """Another traveller steps up: face to the camera, finger still lifted."""
        self.take_up()
        self.who = traveller(key)
        self.show_face("bona_fide")
        self.lift()

    def swipe(self, how: str = "well") -> None:
        """Draw the document through the reader: "well", or "badly" so that characters are lost. Then lay it down."""
        lines = self.who.lines(datetime.now(UTC).date())
        if how == "badly":
            lines = tuple("?" * 9 + line[9:] for line in lines)
        elif how != "well":
            raise ValueError(f"a document is swiped well or badly, not {how!r}")
        self.reader.present(lines)
        if how == "well":
            self.put_down()

    def show_chip(self, kind: str) -> None:
        """From the next time it is put down, his document's chip is like that."""
        if kind not in CHIPS:
            raise ValueError(f"no chip is {kind!r}")
        self.take_up()
        self.chip_kind = kind

    def put_down(self) -> None:
        """Lay the document on the reader for chips, where it stays until it is taken up."""
        if self._papers is None or self.pcscd is None or self.chip_kind == ABSENT:
            return
        if self._on_reader is None:
            time.sleep(max(0.0, self._taken_up_s + AWAY_S - time.monotonic()))  # the reader must see that it was empty
            chip = self._papers.chip(self.who, "good" if self.chip_kind == LEAVES else self.chip_kind)
            self._on_reader = ChipOnReader(self.pcscd.slots[0].port, chip, air=AirInterface(AIR_KBIT_S))
            self._on_reader.chip_faults.removed_at = LEAVES_AT if self.chip_kind == LEAVES else 0
        elif self._on_reader.left:
            self._on_reader.chip_faults.removed_at = 0
            self._on_reader.lift()
        self._on_reader.put_down()

    def take_up(self) -> None:
        on_reader, self._on_reader = self._on_reader, None
        if on_reader is not None:
            on_reader.lift()
            self._taken_up_s = time.monotonic()

    @property
    def chip_lies(self) -> bool:
        return self._on_reader is not None and not self._on_reader.left

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

    def at_lane(self, what: str) -> None:
        """Something a hand does at the lane: LANE_ACTS."""
        acts: dict[str, Callable[[], None]] = {
            "press": self.lane.press,
            "open_housing": self.lane.open_housing,
            "close_housing": self.lane.close_housing,
            "headset_in": lambda: self._plug_headset(True),
            "headset_out": lambda: self._plug_headset(False),
            "restart": self.lane.restart,
        }
        acts[what]()

    def belong_to(self, certificate: Path) -> None:
        """The lane's board believes the kiosk of this certificate, as if it had been flashed for it."""
        key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        self.lane.kiosk = key

    def walk_away(self) -> None:
        self.take_up()
        self.show_face("nobody")
        self.lift()

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
        if device == CHIP_READER:
            self._disturb_chip_reader(fault)
            return
        if device not in DEVICES or fault not in FAULTS:
            raise ValueError(f"no fault {fault!r} of {device!r}")
        simulators: dict[str, MrzSwipeSim | MjpegCameraSim | ZfmSim | LaneBoardSim] = {
            "document_reader": self.reader,
            "camera": self.camera,
            "fingerprint": self.sensor,
            "lane": self.lane,
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

    def _disturb_chip_reader(self, fault: str) -> None:
        if fault not in CHIP_READER_FAULTS:
            raise ValueError(f"no fault {fault!r} of {CHIP_READER!r}")
        if self.pcscd is None:
            return
        if fault == "unplug":
            self.take_up()
            self.pcscd.close()
        elif not self.pcscd.running:
            self.pcscd.start()

    def look(self, url: str | None) -> None:
        """Watch this kiosk's public screen state (its /state), or none."""
        self._screen_url = url

    def close(self) -> None:
        self._leaving.set()
        for thread in self._threads:
            thread.join(5.0)
        self.take_up()
        self.camera.close()
        self.reader.close()
        self.sensor.close()
        self.lane.close()
        if self.pcscd is not None:
            self.pcscd.close()
        self.printer.close()
        self._corner.cleanup()

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
    asked = (told(url) or {}).get("asked")
    return asked if isinstance(asked, str) else None
