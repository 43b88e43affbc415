"""A kiosk for the hardware suite: devices simulated at the wire, the board as a tree of files, a person as a table.

One is made for each fault, with no more devices than its phases want.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from hw_tests.record import Record
from hw_tests.station import Fitted, Pace, Station
from simulators.board_tree import BoardTree
from simulators.camera_scene import CameraScene, Scene
from simulators.chip_crypto import tlv
from simulators.escpos import EscposSim
from simulators.fingers import Condition, impression, master
from simulators.lane_board import LaneBoardSim
from simulators.mjpeg_camera import MjpegCameraSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.passport_chip import Chip
from simulators.pcscd import Pcscd, Slot
from simulators.port_network import PortNetwork
from simulators.vpcd_wire import ChipOnReader
from simulators.zfm import ZfmSim
from tests.drivers.golden import PASSPORT
from tests.drivers.lane_keys import new_key, signs
from tests.drivers.passports import DG1, MRZ, passport, rsa_key
from tests.hw_tests.hands import Hands
from tests.provisioning import chips

BUILT_S = 1_735_689_600.0
PACE = Pace(load_s=0.3, write_mib=4, memory_mib=4, person_s=90.0, frames=8, settle_frames=2)


class Closes(Protocol):
    def close(self) -> object: ...


D = TypeVar("D", bound=Closes)


@dataclass(slots=True)
class Kiosk:
    """What a fault may reach into; what its phases do not want is not there (AttributeError)."""

    folder: Path
    stack: ExitStack
    tree: BoardTree
    network: PortNetwork
    hands: Hands = field(default_factory=Hands)
    devices: dict[str, Fitted] = field(default_factory=dict)
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    pace: Pace = PACE
    tcti: str = "device:/dev/null"
    tpm_roots: Path | None = None
    floor_s: float = BUILT_S
    free_percent: float = 60.0  # whatever the disk below has left
    earlier: tuple[Record, ...] = ()
    swipe: MrzSwipeSim = field(init=False)
    sensor: ZfmSim = field(init=False)
    printer: EscposSim = field(init=False)
    lane: LaneBoardSim = field(init=False)
    camera: MjpegCameraSim = field(init=False)
    scene: CameraScene = field(init=False)
    second: CameraScene = field(init=False)
    chip: ChipOnReader = field(init=False)
    pcscd: Pcscd = field(init=False)
    maker: chips.Maker = field(init=False)
    tpm: chips.Chip = field(init=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def keep(self, device: D) -> D:
        self.stack.callback(device.close)
        return device

    def station(self) -> Station:
        return Station(
            data=self.data,
            root=self.tree.root,
            devices=self.devices,
            network=self.network.settings,
            sound={"record": "default"},
            tcti=self.tcti,
            tpm_roots=self.tpm_roots,
            sign=signs(self.key),
            clock_floor_s=self.floor_s,
            free_percent=lambda _: self.free_percent,
            pace=self.pace,
            earlier=self.earlier,
            path=f"{self.tree.path}:/usr/bin:/bin",
        )


@contextmanager
def kiosk(folder: Path, phases: Set[str], readers: tuple[Pcscd, Slot] | None = None) -> Iterator[Kiosk]:
    """All is well with it. `readers`: for phases of the chip reader."""
    with ExitStack() as stack:
        (folder / "data").mkdir(parents=True)
        tree, network = BoardTree(folder / "root", folder / "data"), PortNetwork()
        stack.callback(tree.close)
        stack.callback(network.close)
        made = Kiosk(folder, stack, tree, network)
        for prefix, make in MAKERS.items():
            if any(name.startswith(prefix) for name in phases):
                make(made)
        if readers is not None:
            _chip_reader(made, *readers)
        made.hands.does = {**_ups(tree), **made.hands.does}
        yield made


def _ups(tree: BoardTree) -> dict[str, Callable[[], object]]:
    return {"ups_pull": tree.pull_plug, "ups_put_in": tree.put_plug_in}


def _document_reader(made: Kiosk) -> None:
    sim = made.swipe = made.keep(MrzSwipeSim(made.folder / "swipe", Profile.ELYCTIS))
    made.devices["document_reader"] = Fitted("elyctis", str(sim.path), {"specimen": list(PASSPORT)})
    made.hands.repeats = {**made.hands.repeats, "document_specimen": lambda: sim.present(PASSPORT)}


def _chip_reader(made: Kiosk, pcscd: Pcscd, slot: Slot) -> None:
    sheet = passport(aa=rsa_key())
    sheet.files[DG1] = tlv(0x61, tlv(0x5F1F, "".join(PASSPORT).encode()))
    made.pcscd, made.chip = pcscd, ChipOnReader(slot.port, Chip(sheet))
    made.stack.callback(made.chip.lift)
    made.devices["chip_reader"] = Fitted("pcsc", slot.reader, {"mrz": MRZ})
    made.hands.does = {**made.hands.does, "chip_specimen": made.chip.put_down}


def _fingerprint(made: Kiosk) -> None:
    sim = made.sensor = made.keep(ZfmSim(made.folder / "finger"))
    made.devices["fingerprint"] = Fitted("zfm", str(sim.path))
    finger = impression(master(3), Condition.GOOD, 1)
    made.hands.does = {**made.hands.does, "finger_none": sim.lift, "finger_place": lambda: sim.place(finger)}


def _printer(made: Kiosk) -> None:
    sim = made.printer = made.keep(EscposSim(made.folder / "printer"))
    made.devices["printer"] = Fitted("escpos", str(sim.path))
    made.hands.does = {
        **made.hands.does,
        "printer_take_out": lambda: setattr(sim, "rows_left", 0),
        "printer_put_in": sim.refill,
    }


def _lane(made: Kiosk) -> None:
    sim = made.lane = made.keep(LaneBoardSim(made.folder / "lane", kiosk=made.key.public_key()))
    made.devices["lane"] = Fitted("board", str(sim.path))
    made.hands.does = {
        **made.hands.does,
        "lane_press": sim.press,
        "lane_headset": lambda: sim.plug_headset(True),
        "lane_open_housing": sim.open_housing,
        "lane_close_housing": sim.close_housing,
    }


def _cameras(made: Kiosk) -> None:
    made.camera, other = made.keep(MjpegCameraSim(fps=20)), made.keep(MjpegCameraSim(fps=20))
    made.scene, made.second = made.keep(CameraScene(made.camera)), made.keep(CameraScene(other))
    made.devices["camera"] = Fitted("mjpeg", made.camera.address, {"frame_ms": 1000})
    made.devices["camera_2"] = Fitted("mjpeg", other.address, {"frame_ms": 1000})
    made.devices["fill_light"] = Fitted("http", made.camera.light_address)

    def shows(scene: Scene) -> Callable[[], None]:
        def act() -> None:
            made.scene.becomes(scene)
            made.second.becomes(scene)

        return act

    asked = {"camera_card": Scene.CARD, "camera_cover": Scene.COVERED, "camera_paper": Scene.PAPER}
    made.hands.does = {**made.hands.does, **{question: shows(scene) for question, scene in asked.items()}}


def _tpm(made: Kiosk) -> None:
    made.maker = chips.Maker(made.folder / "maker")
    made.tpm = made.stack.enter_context(made.maker.make("chip").powered())
    made.tcti, made.tpm_roots = made.tpm.tcti, made.folder / "roots"
    made.tpm_roots.mkdir()
    (made.tpm_roots / "maker.pem").write_bytes(made.maker.chain)


MAKERS: dict[str, Callable[[Kiosk], None]] = {
    "document_": _document_reader,
    "finger": _fingerprint,
    "printer": _printer,
    "lane": _lane,
    "camera": _cameras,
    "tpm": _tpm,
}
