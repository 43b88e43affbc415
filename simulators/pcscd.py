"""A pcscd of our own with virtual readers, in a corner where no other pcscd is disturbed.

pcscd knows one place for its socket, /run/pcscd. So it runs in mount and, where we are not root, user namespaces in
which that place is a folder of ours. Whoever wants to speak to it has `PCSCLITE_CSOCK_NAME` in its environment
before the first call into libpcsclite.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PCSCD = "/usr/sbin/pcscd"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
START_S = 20.0
STOP_S = 5.0
READER = "Virtual PCD"
SCRIPT = 'mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && shift && exec "$@"'


class Missing(Exception):
    """pcscd cannot run here; the text says what is not there."""


def missing() -> str | None:
    """What of a virtual reader is not on this machine; None: all is."""
    needed = {PCSCD: "pcscd", DRIVER: "vsmartcard-vpcd"}
    absent = [package for path, package in needed.items() if not Path(path).exists()]
    absent += [] if shutil.which("unshare") else ["util-linux"]
    return f"Debian packages {', '.join(absent)} are not installed" if absent else None


@dataclass(frozen=True, slots=True)
class Slot:
    """One virtual reader: its name in PC/SC, and the port at which chips are laid on it."""

    reader: str
    port: int


class Pcscd:
    """Runs from the constructor to `close`. vpcd keeps two slots in one process and no more. Raises `Missing`."""

    def __init__(self, folder: Path) -> None:
        if (what := missing()) is not None:
            raise Missing(what)
        self._run, self._configuration = folder / "run", folder / "readers"
        for made in (self._run, self._configuration):
            made.mkdir(parents=True)
        first = _two_free_ports()
        self.slots = tuple(Slot(f"{READER} 00 {number:02X}", first + number) for number in (0, 1))
        (self._configuration / "vpcd").write_text(
            f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:0x{first:04X}\nLIBPATH {DRIVER}\nCHANNELID 0x{first:04X}\n'
        )
        self._log = folder / "pcscd.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def socket(self) -> str:
        """For `PCSCLITE_CSOCK_NAME`."""
        return str(self._run / "pcscd.comm")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Again, at the same place, after `close`: as if the readers had been plugged in."""
        self._process = self._started()
        try:
            self._wait_until_it_listens(self._process)
        except Missing:
            self.close()
            raise

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for left in self._run.iterdir():
            left.unlink()

    def _started(self) -> subprocess.Popen[bytes]:
        root = os.geteuid() == 0
        corner = (
            ["unshare", "--mount", "--propagation", "private"] if root else ["unshare", "--mount", "--map-root-user"]
        )
        # whoever started it may be killed, and nobody would end it then
        command = [
            "setpriv",
            "--pdeathsig",
            "TERM",
            *corner,
            "sh",
            "-c",
            SCRIPT,
            "sh",
            str(self._run),
            *(PCSCD, "-f", "-c", str(self._configuration), *_open_to_all()),
        ]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        ends_s = time.monotonic() + START_S
        while not (Path(self.socket).exists() and all(_listens(slot.port) for slot in self.slots)):
            if process.poll() is not None:
                said = self._log.read_text(errors="replace")[-300:]
                raise Missing(f"pcscd ended at once: {said}")
            if time.monotonic() > ends_s:
                raise Missing(f"pcscd does not listen after {START_S:.0f} s")
            time.sleep(0.02)


def _open_to_all() -> list[str]:
    """Newer ones ask polkit who may use readers; this one is for whoever started it, and has no polkit beside it."""
    known = subprocess.run([PCSCD, "--help"], capture_output=True, text=True, check=False).stdout
    return ["--disable-polkit"] if "--disable-polkit" in known else []


def _two_free_ports() -> int:
    """The first of two in a row, as vpcd takes them."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("", 0))
            first = int(one.getsockname()[1])
            try:
                two.bind(("", first + 1))
            except OSError:
                continue
            return first


def _listens(port: int) -> bool:
    """Without connecting: to vpcd a connection is a chip."""
    wanted = f":{port:04X} "
    tables = (Path(f"/proc/net/{name}") for name in ("tcp", "tcp6"))
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return any(row[1].endswith(wanted.strip()) and row[3] == "0A" for row in rows)
