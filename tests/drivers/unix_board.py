"""The lane board's real firmware, on MicroPython's unix port or an emulated chip: flash in a file, pty, our pins."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.asymmetric import ec

from scripts import lane_firmware
from scripts.micropython import command
from simulators.faults import Faults
from simulators.pty_wire import PtyWire
from tests.drivers.lane_keys import new_key

SHIM = Path(__file__).parent.parent / "lane_board"
RED, GREEN, GATE, BUTTON, TAMPER, HEADSET, HANG = 2, 3, 4, 10, 11, 12, 99
IDLE_LEVELS = {BUTTON: 1, TAMPER: 0, HEADSET: 1}
POWER, WATCHDOG = 1, 3
RESET_STATUS = 42
BAUD = 115200
JOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose signatures a board believes."""

    release: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    kiosk: ec.EllipticCurvePrivateKey = field(default_factory=new_key)


def micropython(*words: str) -> list[str]:
    start = command()
    assert start is not None, "asked for a board without MicroPython"
    return [*start, *words]


@dataclass(frozen=True, slots=True)
class Chip:
    """What runs the firmware. `words(flash, cut)` start it on the pipes of tests/lane_board/machine.py."""

    words: Callable[[Path, int], list[str]]
    flash_bytes: int


UNIX_PORT = Chip(lambda flash, cut: micropython(str(SHIM / "power_on.py"), str(flash), str(cut), str(SHIM)), 4096 * 96)


def flash_image(path: Path, files: Mapping[str, bytes], size: int) -> None:
    """A file system as on the RP2040, with these files."""
    folder = path.with_name(path.name + ".files")
    lane_firmware.write_board(folder, files)
    path.write_bytes(b"\xff" * size)
    words = micropython(str(SHIM / "power_on.py"), str(path), "format", str(SHIM), str(folder), *files)
    subprocess.run(words, check=True, timeout=60)


class UnixBoard:
    """One board. `path`: where the kiosk finds its line. Begins with power, and starts again whenever it is reset."""

    def __init__(
        self,
        path: Path,
        *,
        files: Mapping[str, bytes] | None = None,
        owners: Owners | None = None,
        cut: int = 0,
        chip: Chip = UNIX_PORT,
    ) -> None:
        self.path = path
        self._chip = chip
        self.owners = owners or Owners()
        self.faults = Faults()
        self.flash = path.with_name(path.name + ".flash")
        believed = self.owners.release.public_key(), self.owners.kiosk.public_key()
        flash_image(self.flash, files or lane_firmware.board_files(*believed), chip.flash_bytes)
        self.levels = dict(IDLE_LEVELS)
        self.outputs: dict[int, int] = {}
        self.history: list[tuple[float, int, int]] = []  # when (monotonic), pin, level
        self.ends: list[int] = []  # exit statuses of what has ended by itself, as subprocess numbers them
        self._wire = PtyWire(path, self._heard, self.faults, throttle=False)
        self._process: subprocess.Popen[bytes] | None = None
        self._levels: socket.socket | None = None
        self._life: threading.Thread | None = None
        self._is_on = False
        self._hears = threading.Event()
        self.power_on(cut=cut)

    # what a person does

    def turn(self, pin: int, level: int) -> None:
        """Set an input; the board sees every change in its order, and a board without power sees the last."""
        self.levels[pin] = level
        wires = self._levels
        if wires is not None:
            with contextlib.suppress(OSError):
                wires.send(b"%d %d\n" % (pin, level))

    def press(self) -> None:
        self.turn(BUTTON, 0)
        self.turn(BUTTON, 1)

    def open_housing(self) -> None:
        self.turn(TAMPER, 1)

    def close_housing(self) -> None:
        self.turn(TAMPER, 0)

    def plug_headset(self, is_in: bool) -> None:
        self.turn(HEADSET, int(not is_in))

    def hang(self) -> None:
        """The firmware's next look at its line never returns."""
        self.turn(HANG, 1)
        del self.levels[HANG]

    # power, which comes with the line, as with a board on USB

    def power_on(self, *, cut: int = 0) -> None:
        """`cut`: the power goes again in the middle of this write to the flash."""
        assert self._life is None
        self._is_on = True
        self._wire.replug()
        self._life = threading.Thread(target=self._live, args=(cut,), name=f"board {self.path.name}", daemon=True)
        self._hears.clear()
        self._life.start()
        assert self._hears.wait(JOIN_S), "the board does not start"

    def power_off(self) -> None:
        self._is_on = False
        life, self._life = self._life, None
        if life is None:
            return
        until_s = time.monotonic() + JOIN_S
        while life.is_alive() and time.monotonic() < until_s:
            process = self._process  # a reset may just have made another
            if process is not None:
                process.kill()
            life.join(0.05)
        assert not life.is_alive(), "the board does not end"

    @property
    def is_alive(self) -> bool:
        """Has power, or is just starting again; false after a cut."""
        return self._life is not None and self._life.is_alive()

    def say(self, data: bytes) -> None:
        """Bytes to the kiosk that the board did not send."""
        self._wire.say(data, baud=BAUD)

    def close(self) -> None:
        self.power_off()
        self._wire.close()

    def _live(self, cut: int) -> None:
        """From power to power: start the board again as often as the chip would."""
        cause, status = POWER, RESET_STATUS
        while self._is_on and status in (-signal.SIGALRM, RESET_STATUS):
            status = self._run_once(cause, cut)
            cause, cut = WATCHDOG, 0
            if self._is_on:
                self.ends.append(status)
        self._wire.unplug()

    def _run_once(self, cause: int, cut: int) -> int:
        ours, theirs = socket.socketpair()
        outputs, outputs_in = os.pipe()
        said = b"".join(b"%d %d\n" % pair for pair in self.levels.items())
        ours.send(said)
        words = self._chip.words(self.flash, cut)
        with ours, os.fdopen(outputs, "rb") as told:
            process = subprocess.Popen(
                ["bash", "-c", 'exec "$@" 3<&"$IN" 4>&"$OUT"', "bash", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs.fileno(), outputs_in),
                env={
                    **os.environ,
                    "LANE_RESET_CAUSE": str(cause),
                    "IN": str(theirs.fileno()),
                    "OUT": str(outputs_in),
                },
            )
            theirs.close()
            os.close(outputs_in)
            self._process, self._levels = process, ours
            self._hears.set()
            with process:
                speaker = threading.Thread(target=self._speak, args=(process,), daemon=True)
                speaker.start()
                self._note(told)
                speaker.join()
            self._process, self._levels = None, None
        return process.returncode

    def _heard(self, data: bytes) -> None:
        """From the kiosk; lost when the board is off, as on a real line."""
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(data)

    def _speak(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while data := process.stdout.read(4096):
            self._wire.say(data, baud=BAUD)

    def _note(self, told: IO[bytes]) -> None:
        """Every output until the board ends; then no pin drives anything, and the wiring pulls the gate shut."""
        for row in told:
            pin, level = (int(word) for word in row.split())
            self._turned(pin, level)
        for pin in (RED, GREEN, GATE):
            self._turned(pin, 0)

    def _turned(self, pin: int, level: int) -> None:
        self.outputs[pin] = level
        self.history.append((time.monotonic(), pin, level))
