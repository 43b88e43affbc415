"""What every step may touch: settings, the desk, the identity's place, the clock, sticks, the line to the centre."""

from __future__ import annotations

import glob
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.clock import SystemClock, TimeKeeper, kernel_says_synchronised, read_boot_id
from border.encounter import Stamp
from border.enrolment.values import EnrolmentAnswer, KeyLevel, Purpose, SiteVoucher
from border.enrolment.voucher import peek_voucher
from border.messages import codec, cose
from hw_tests.runner import Phase
from hw_tests.station import Station
from provisioning import disk
from provisioning.desk import Desk
from provisioning.identity import Backend, SoftwareKey, TokenKey, TpmKey
from provisioning.pkcs11 import Token
from provisioning.refusals import Code, refused
from provisioning.settings import Settings
from provisioning.step import Talk
from provisioning.tpm import Tpm

OPERATION = "operation.json"
SOCKET = "identity.sock"
"""In the kiosk's folder: where it asks the identity key to sign, when that is not a file."""

FLOOR = "floor.json"
WIPED = "wiped.json"
"""On the desk: wiping has begun, and what is gone is not missed."""

SOFTWARE = "0.1.0"
VOUCHER, LANE, ANSWER = "voucher.cbor", "lane.json", "answer.cose"
Phases = Callable[[Station], Sequence[Phase]]
COMMAND_S = 60.0
MAX_FILE = 64 * 1024 * 1024
"""A file of a stick that is larger is none of ours."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One board under one operation."""

    settings: Settings
    desk: Desk
    slots: tuple[Backend, Backend]  # while a lane moves, the old key is in one and the new one in the other
    times: TimeKeeper
    talk: Talk
    phases: Phases  # the hardware tests
    on_page: bool = False  # the technician's page asks, and not a terminal

    @property
    def folder(self) -> Path:
        """The kiosk's own: everything that must survive."""
        return self.settings.device.folder

    @property
    def backend(self) -> Backend:
        """The identity of this operation."""
        return self.slots[int(self.operation.get("slot", self.desk.slot))]

    @property
    def former(self) -> Backend:
        """The identity that the lane has outside of this operation."""
        return self.slots[self.desk.slot]

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def operation(self) -> Mapping[str, Any]:
        return self.desk.table(OPERATION)

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.operation["purpose"])

    @property
    def kiosk(self) -> str:
        """The lane's identity as chosen from the voucher; empty before."""
        return str(self.desk.table(LANE).get("kiosk", ""))

    @property
    def who(self) -> str:
        return str(self.desk.table(LANE).get("who", ""))

    def voucher(self) -> SiteVoucher:
        """Checked when it was put there."""
        return peek_voucher(self.desk.read(VOUCHER))

    def answer(self) -> EnrolmentAnswer:
        """Checked when it was put there."""
        signed = cose.peek(self.desk.read(ANSWER), max_bytes=MAX_FILE)
        return codec.decode(EnrolmentAnswer, signed.payload, max_bytes=MAX_FILE)

    def stamp(self) -> Stamp:
        return self.times.stamp()

    def now_ms(self) -> int:
        """The time to judge dates by: never below the floor."""
        return max(self.times.stamp().wall_ms, self.times.floor_ms)

    def raise_floor(self, at_ms: int, source: str) -> None:
        """A signed artefact of that time was verified. Kept at once: the next boot may come before the next save."""
        if at_ms > self.times.floor_ms:
            self.times.raise_floor(at_ms)
            self.times.save()
            self.desk.put_table(FLOOR, {"from": source})

    # -- what is carried

    def sticks(self) -> list[Path]:
        """Folders that are there now and can be written."""
        found = (Path(each) for pattern in self.settings.sticks.folders for each in sorted(glob.glob(pattern)))  # noqa: PTH207
        return [path for path in found if path.is_dir()]

    def carried(self, *suffixes: str) -> Iterator[tuple[Path, bytes]]:
        """Files of all sticks whose names end so, in order."""
        for folder in self.sticks():
            for path in sorted(folder.iterdir()):
                if path.name.endswith(suffixes) and path.is_file() and path.stat().st_size <= MAX_FILE:
                    yield path, path.read_bytes()

    def carry(self, name: str, data: bytes) -> Path:
        """Onto the first stick, durably. Raises `Refused` when there is none, or it takes nothing."""
        sticks = self.sticks()
        if not sticks:
            raise refused(
                Code.NO_STICK,
                "There is no stick to write to.",
                why=f"None of these folders is there: {', '.join(self.settings.sticks.folders)}.",
                then="Put in a USB stick that has a folder named landfall, and run this step again.",
                again=True,
            )
        path = sticks[0] / name
        try:
            disk.write(path, data, 0o644)
        except OSError as error:
            raise refused(
                Code.NO_STICK,
                "The stick does not take the file.",
                why=f"{path}: {error.strerror}.",
                then="Take another stick, or make room on it, and run this step again.",
                again=True,
            ) from error
        return path


def command(arguments: tuple[str, ...], what: str) -> None:
    """Run it to its end; nothing where none is set. Raises `Refused`."""
    if not arguments:
        return
    try:
        subprocess.run(arguments, check=True, capture_output=True, timeout=COMMAND_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise refused(
            Code.KIOSK,
            f"The kiosk's program did not {what}.",
            why=f"{' '.join(arguments)}: {error}.",
            then="Look into the system's log, and run this step again.",
            again=True,
        ) from error


def backend_of(settings: Settings, slot: int) -> Backend:
    """Where the identity key of this board lives. Raises OSError: the token's PIN cannot be read."""
    place = settings.identity
    if place.level == KeyLevel.TPM:
        return TpmKey(Tpm(place.tcti, slot))
    if place.level == KeyLevel.PKCS11:
        pin = place.pin_file.read_text(encoding="utf-8").strip()
        return TokenKey(Token(str(place.module), place.label, pin, slot))
    return SoftwareKey(settings.device.folder / "provisioning" / f"identity-{slot}.key")


def open_bench(
    settings: Settings,
    talk: Talk,
    phases: Phases,
    *,
    on_page: bool = False,
    synchronised: Callable[[], bool] = kernel_says_synchronised,
) -> Bench:
    """Raises OSError."""
    folder = settings.device.folder
    disk.make_folder(folder / "provisioning")
    times = TimeKeeper(SystemClock(), folder / "time", boot_id=read_boot_id(), synchronised=synchronised)
    slots = (backend_of(settings, 0), backend_of(settings, 1))
    return Bench(settings, Desk(folder), slots, times, talk, phases, on_page)
