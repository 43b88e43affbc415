"""A pcscd of our own with two virtual readers, in a corner where no other pcscd is disturbed.

pcscd knows one place for its socket, /run/pcscd. So it runs in mount and, where we are not root, user namespaces in
which that place is a folder of ours. Whoever wants to speak to it has `PCSCLITE_CSOCK_NAME` in its environment
before the first call into libpcsclite.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PCSCD = "/usr/sbin/pcscd"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
START_S = 20.0
READER = "Virtual PCD"
SCRIPT = 'mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && exec "$2" -f -c "$3"'


class Missing(Exception):
    """pcscd cannot run here; the text says what is not there."""


def missing() -> str | None:
    """What of a virtual reader is not on this machine; None: all is."""
    needed = {PCSCD: "pcscd", DRIVER: "vsmartcard-vpcd"}
    absent = [package for path, package in needed.items() if not Path(path).exists()]
    absent += [] if shutil.which("unshare") else ["util-linux"]
    return f"Debian packages {', '.join(absent)} are not installed" if absent else None


class Pcscd:
    """Runs from the constructor to `close`. `ports`: of the first and the second virtual reader. Raises `Missing`."""

    def __init__(self, folder: Path) -> None:
        if (what := missing()) is not None:
            raise Missing(what)
        self._run, self._configuration = folder / "run", folder / "readers"
        for made in (self._run, self._configuration):
            made.mkdir(parents=True)
        self.ports = _two_free_ports()
        first = f"0x{self.ports[0]:04X}"
        (self._configuration / "vpcd").write_text(
            f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:{first}\nLIBPATH {DRIVER}\nCHANNELID {first}\n'
        )
        self._log = (folder / "pcscd.log").open("wb")
        self._process = self._started()
        try:
            self._wait_until_it_listens()
        except Missing:
            self.close()
            raise

    @property
    def socket(self) -> str:
        """For `PCSCLITE_CSOCK_NAME`."""
        return str(self._run / "pcscd.comm")

    def readers(self) -> tuple[str, str]:
        return f"{READER} 00 00", f"{READER} 00 01"

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def _started(self) -> subprocess.Popen[bytes]:
        root = os.geteuid() == 0
        corner = (
            ["unshare", "--mount", "--propagation", "private"] if root else ["unshare", "--mount", "--map-root-user"]
        )
        command = [*corner, "sh", "-c", SCRIPT, "sh", str(self._run), PCSCD, str(self._configuration)]
        return subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def _wait_until_it_listens(self) -> None:
        ends_s = time.monotonic() + START_S
        while not (Path(self.socket).exists() and all(_listens(port) for port in self.ports)):
            if self._process.poll() is not None:
                said = Path(self._log.name).read_text(errors="replace")[-300:]
                raise Missing(f"pcscd ended at once: {said}")
            if time.monotonic() > ends_s:
                raise Missing(f"pcscd does not listen after {START_S:.0f} s")
            time.sleep(0.02)


def _two_free_ports() -> tuple[int, int]:
    """Two in a row, as vpcd takes them."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("", 0))
            first = one.getsockname()[1]
            try:
                two.bind(("", first + 1))
            except OSError:
                continue
            return first, first + 1


def _listens(port: int) -> bool:
    """Without connecting: to vpcd a connection is a chip."""
    wanted = f":{port:04X} "
    tables = (Path(f"/proc/net/{name}") for name in ("tcp", "tcp6"))
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return any(row[1].endswith(wanted.strip()) and row[3] == "0A" for row in rows)
