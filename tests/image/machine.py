"""The image on an emulated board: what the firmware would read of the disk, and one start of it under qemu.

Another command line is the only thing the tests change: it carries a unit (systemd.extra-unit) that asks the running
image from a second disk. Every byte of the image itself is the one that goes onto a card.
"""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from provisioning.image import disk

MACHINE = ("-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "3072", "-nographic", "-accel", "tcg,thread=multi")
SERIAL = "10000000abcdef01"
ASK = """[Unit]
DefaultDependencies=no
Before=landfall-data.service
[Service]
Type=notify
NotifyAccess=all
ExecStartPre=/bin/sh -c "until mount -o ro /dev/disk/by-label/ask /mnt; do sleep 2; done 2>/dev/null"
ExecStart=/usr/bin/python3 /mnt/ask.py
TimeoutStartSec=infinity
StandardOutput=journal+console
StandardError=journal+console
"""
LONGEST = 2048
"""Of a command line on arm64."""
PATIENCE = " systemd.default_device_timeout_sec=3600 systemd.default_timeout_start_sec=3600 systemd.show_status=1"
"""A processor in software on a busy machine: what a board does in a second may take minutes here."""
TOOLS = {
    "qemu-system-aarch64": "qemu-system-arm", "fdtput": "device-tree-compiler", "mtype": "mtools",
    "mke2fs": "e2fsprogs", "mkfs.vfat": "dosfstools", "mcopy": "mtools",
}  # fmt: skip
LIMITS = {
    "landfall-data.service": "[Service]\nTimeoutStartSec=infinity\n",
    "landfall-appliance.service": "[Service]\nTimeoutStartSec=infinity\nWatchdogSec=900\n",
    "landfall-screen.service": "[Service]\nEnvironment=WLR_RENDERER=pixman\nMemoryHigh=infinity\nMemoryMax=infinity\n",
}
"""The units' own limits, for the same reason, and no 3D in software; what else they say is as it ships."""
LARGER = 512 * disk.MIB
"""What the data partition has to find on its first start."""
ASKING, OFFICER, TRAVELLER = 8109, 8102, 8101
"""Ports of the guest that the host knocks at: the asker's, and the two pages."""


def _credential(name: str, text: str) -> str:
    return f" systemd.set_credential_binary={name}:{base64.b64encode(text.encode()).decode()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Machine:
    """One board with its disk, a file. `tpm`: the socket of a swtpm. `is_try`: its firmware was asked for one try.

    `stick`: a file that is plugged in as a USB stick.
    """

    folder: Path
    image: Path
    serial: str = SERIAL
    tpm: Path | None = None
    stick: Path | None = None
    is_try: bool = False
    ports: dict[int, int] = field(default_factory=dict)
    qemu: subprocess.Popen[bytes] | None = None

    @property
    def is_on(self) -> bool:
        return self.qemu is not None and self.qemu.poll() is None

    @property
    def console(self) -> str:
        path = self.folder / "console.log"
        return path.read_text(encoding="utf-8", errors="replace").replace("\r", "") if path.exists() else ""

    def start(self, asked: Path | None = None, more: Mapping[str, str] = MappingProxyType({})) -> None:
        """`asked`: a folder that becomes the second disk. `more`: what units get beside the limits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = {inside: free_port() for inside in (ASKING, OFFICER, TRAVELLER)}
        line = self._slot()
        if asked is not None:
            self._pack(asked)
            line += f"{PATIENCE} systemd.wants=ask.service" + _credential("systemd.extra-unit.ask.service", ASK)
            line += "".join(
                _credential(f"systemd.unit-dropin.{unit}", text) for unit, text in {**LIMITS, **more}.items()
            )
            assert len(line) < LONGEST, "the kernel cuts what is longer"
        with (self.folder / "console.log").open("ab") as said:
            self.qemu = subprocess.Popen(
                self._command(line, asked is not None), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )

    def _slot(self) -> str:
        """The firmware's step: selector, slot, and the tree of the board. The command line that it found."""
        section = "tryboot" if self.is_try else "all"
        selector = self.read("bootcfg", "autoboot.txt").decode()
        chosen = re.search(rf"\[{section}\][^[]*boot_partition=(\d)", selector)
        assert chosen is not None, "the selector names a partition"
        slot = {"2": "boot_a", "3": "boot_b"}[chosen[1]]
        for name in ("vmlinuz", "initrd"):
            (self.folder / name).write_bytes(self.read(slot, name))
        tree = self.folder / "board.dtb"
        words = ["qemu-system-aarch64", *MACHINE, "-machine", f"dumpdtb={tree}"]
        subprocess.run(words, check=True, capture_output=True)
        self._put("-c", "/chosen/bootloader")
        self._put("-t", "i", "/chosen/bootloader", "partition", chosen[1])
        self._put("-t", "i", "/chosen/bootloader", "tryboot", str(int(self.is_try)))
        if self.serial:
            self._put("-t", "s", "/", "serial-number", self.serial)
        return self.read(slot, "cmdline.txt").decode().strip() + " console=ttyAMA0"

    def _put(self, *words: str) -> None:
        options = words[:2] if words[0] == "-t" else words[:1]
        rest = words[len(options) :]
        subprocess.run(["fdtput", *options, str(self.folder / "board.dtb"), *rest], check=True, capture_output=True)

    def read(self, partition: str, name: str) -> bytes:
        """A file of one of its FAT partitions."""
        start = next(part.start for part in disk.layout() if part.name == partition)
        words = ["mtype", "-i", f"{self.image}@@{start}", f"::{name}"]
        return subprocess.run(words, check=True, capture_output=True).stdout

    def _pack(self, asked: Path) -> None:
        second = self.folder / "ask.img"
        second.unlink(missing_ok=True)
        words = ["mke2fs", "-q", "-t", "ext4", "-L", "ask", "-d", str(asked), str(second), "32M"]
        subprocess.run(words, check=True, capture_output=True)

    def _tpm_words(self) -> list[str]:
        """A serial port with swtpm behind it; in the guest, chip.py makes a TPM of it."""
        if self.tpm is None:
            return []
        return [
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=tpm,path={self.tpm}",
            "-device", "virtserialport,chardev=tpm,name=tpm",
        ]  # fmt: skip

    def _stick_words(self) -> list[str]:
        if self.stick is None:
            return []
        return [
            "-drive", f"file={self.stick},format=raw,if=none,id=stick",
            "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,removable=on",
        ]  # fmt: skip

    def _command(self, line: str, is_asked: bool) -> list[str]:
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{out}-:{inside}" for inside, out in self.ports.items())
        words = [
            "qemu-system-aarch64", *MACHINE, "-no-reboot",
            "-monitor", f"unix:{self._monitor},server,nowait",
            "-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd"),
            "-dtb", str(self.folder / "board.dtb"), "-append", line,
            "-drive", f"file={self.image},format=raw,if=none,id=d0,cache=unsafe,discard=unmap",
            "-device", "virtio-blk-pci,drive=d0",
            "-netdev", f"user,id=n0{forwards}", "-device", "virtio-net-pci,netdev=n0,romfile=",
            "-device", "virtio-rng-pci", "-device", "virtio-gpu-pci", "-device", "virtio-keyboard-pci",
            *self._tpm_words(), *self._stick_words(),
        ]  # fmt: skip
        if is_asked:
            words += [
                "-drive",
                f"file={self.folder / 'ask.img'},format=raw,if=none,id=d1",
                "-device",
                "virtio-blk-pci,drive=d1",
            ]
        return words

    @property
    def _monitor(self) -> Path:
        return self.folder / "monitor"

    def picture(self) -> bytes:
        """What its screen shows, as a portable pixmap. Raises OSError."""
        shown = self.folder / "screen.ppm"
        shown.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(120)
            line.connect(str(self._monitor))
            line.sendall(f"screendump {shown}\ninfo name\n".encode())
            said = b""
            while said.count(b"(qemu)") < 3:  # at the start, and after each
                more = line.recv(4096)
                if not more:
                    raise OSError("the machine has ended")
                said += more
        return shown.read_bytes()

    def get(self, port: int, path: str, seconds: float) -> bytes:
        """Asked again until there is an answer. Raises TimeoutError with the end of the console."""
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            if self.qemu is None or self.qemu.poll() is not None:
                raise TimeoutError(f"the machine ended:\n{self.console[-4000:]}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=60) as answer:
                    return bytes(answer.read())
            except (urllib.error.URLError, OSError):
                time.sleep(2)
        raise TimeoutError(f"port {port} gave no answer; the console's end:\n{self.console[-4000:]}")

    def wait_for(self, sign: str, seconds: float) -> None:
        """Raises TimeoutError with the end of the console."""
        ends_s = time.monotonic() + seconds
        while sign not in self.console:
            if time.monotonic() > ends_s or self.qemu is None or self.qemu.poll() is not None:
                raise TimeoutError(f"{sign!r} did not come; the console's end:\n{self.console[-4000:]}")
            time.sleep(1)

    def wait_for_end(self, seconds: float) -> None:
        """Until the machine restarts, which is its end here. Raises TimeoutError."""
        assert self.qemu is not None
        try:
            self.qemu.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"it did not restart; the console's end:\n{self.console[-4000:]}") from None

    def cut(self) -> None:
        """The plug is pulled."""
        if self.qemu is not None:
            self.qemu.kill()
            self.qemu.wait()
            self.qemu = None


def both_slots(card: Path) -> None:
    """The second slot gets what the first has, as an update would leave it."""
    parts = {part.name: part for part in disk.layout()}
    for name in ("boot", "root"):
        source, target = parts[f"{name}_a"], parts[f"{name}_b"]
        words = ["dd", f"if={card}", f"of={card}", "bs=1M", "conv=notrunc,sparse", "status=none"]
        places = [f"skip={source.start // disk.MIB}", f"seek={target.start // disk.MIB}"]
        subprocess.run([*words, *places, f"count={source.size // disk.MIB}"], check=True)


def fresh(image: Path, folder: Path) -> Path:
    """A card with that image, larger than it: sparse, so that only what is written takes room."""
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "card.img"
    subprocess.run(["cp", "--sparse=always", str(image), str(card)], check=True)
    with card.open("r+b") as file:
        file.truncate(image.stat().st_size + LARGER)
    return card


def a_stick(path: Path) -> Path:
    """FAT, with the name that the image looks for, and one file."""
    with path.open("wb") as file:
        file.truncate(64 * disk.MIB)
    subprocess.run(["mkfs.vfat", "-n", "LANDFALL", str(path)], check=True, capture_output=True)
    (path.parent / "voucher").write_bytes(b"a voucher")
    subprocess.run(["mcopy", "-i", str(path), str(path.parent / "voucher"), "::voucher.cbor"], check=True)
    return path


def lacking() -> list[str]:
    return sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
