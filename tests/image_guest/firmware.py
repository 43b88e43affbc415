"""A Raspberry Pi's boot firmware in Python, around an emulated machine: it reads autoboot.txt, honours one try, boots.

What is modelled is what the documentation promises: the flag of a try lies in a register that a warm restart keeps and
a power cut clears, it is cleared before the kernel starts, the selector is read from the first partition, and a
partition without a kernel is not started. The real firmware was not run.
"""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from ota import selector
from ota.selector import SelectorUnreadable
from ota.tryboot import ARMED
from tests.image_guest import qmp, writes
from tests.image_guest.media import SECTOR, Layout, copied

PARTITIONS = {2: "boot_a", 3: "boot_b"}
FALLBACK = 2
"""Where a selector that cannot be read leads: the first partition with a kernel."""
QUIT_S = 60.0
LOG_BYTES = 2 << 30  # sparse
MACHINE = ("-M", "virt", "-cpu", "cortex-a53", "-smp", "1", "-m", "768", "-nographic", "-accel", "tcg")


class Brick(Exception):
    """Nothing that can be started is left."""


@dataclass
class Board:
    """One machine with its disk. The memory of the try is a file of one sector, a second disk to the guest; a stick is
    a third."""

    folder: Path
    disk: Path
    layout: Layout
    more: str = ""
    log: Path | None = None  # where every write to the disk is recorded
    stick: Path | None = None
    has_uplink: bool = True
    console: str = ""
    starts: list[tuple[int, bool]] = field(default_factory=list)
    memory: Path | None = None  # of a machine that was frozen: the next start goes on with it
    chance: random.Random | None = None  # which of the writes that were not flushed a cut loses; None: it loses none
    qemu: subprocess.Popen[bytes] | None = None
    lost: int = 0  # bytes that the last cut took
    _worked_s: float = 0.0
    _unread: bytes = b""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flag = self.folder / "flag.bin"
        self._clear()

    @property
    def is_armed(self) -> bool:
        return self.flag.read_bytes()[:1] == ARMED

    @property
    def worked_s(self) -> float:
        """Processor time of this board since it was made: how far it has come, whatever else the machine does."""
        return self._worked_s + (_processor_s(self.qemu.pid) if self.qemu else 0.0)

    def start(self) -> None:
        """Power on, or what follows a warm restart: the firmware, then the kernel that it chose. Raises `Brick`."""
        assert self.qemu is None, "it runs"
        if self.memory is not None:
            self._go_on(self.memory)
            self.memory = None
            return
        partition, is_try = self._choose()
        self.starts.append((partition, is_try))
        base = self.folder / "base.dtb"
        if not base.exists():
            subprocess.run(
                ["qemu-system-aarch64", *MACHINE, "-machine", f"dumpdtb={base}"], check=True, capture_output=True
            )
        tree = self.folder / "now.dtb"
        shutil.copy(base, tree)
        _put(tree, "-c", "/chosen/bootloader")
        _put(tree, "-t", "i", "/chosen/bootloader", "partition", str(partition))
        _put(tree, "-t", "i", "/chosen/bootloader", "tryboot", str(int(is_try)))
        self._power()

    def wait(self, *signs: str, seconds: float) -> str:
        """The first of these to come on the console. A machine that ends is started again, as the board would be.
        Raises TimeoutError."""
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            line = self._line(ends_s)
            if line is None:
                self._ended()
                self.start()
                continue
            for sign in signs:
                if sign in line:
                    return line
        raise TimeoutError(f"none of {signs} came; the console's end:\n{self.console[-3000:]}")

    def wait_for_end(self, seconds: float) -> None:
        """Until the guest restarts by itself; it is not started again."""
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            if self._line(ends_s) is None:
                self._ended()
                return
        raise TimeoutError(f"it goes on; the console's end:\n{self.console[-3000:]}")

    def seen_for(self, seconds: float) -> str:
        """As `run_for`; what the console said meanwhile."""
        before = len(self.console)
        self.run_for(seconds)
        return self.console[before:]

    def arm(self) -> None:
        """As the guest would: the next start is a try."""
        self.flag.write_bytes(ARMED.ljust(SECTOR, b"\0"))

    def run_for(self, seconds: float) -> None:
        """And read what it says, also through restarts."""
        with contextlib.suppress(TimeoutError):
            self.wait("\0never", seconds=seconds)

    def stand_still(self) -> None:
        """The emulator itself, between two of its steps: nothing is flushed for it. A cut may follow, or `walk`."""
        assert self.qemu is not None, "it runs"
        self.qemu.send_signal(signal.SIGSTOP)

    def walk(self) -> None:
        assert self.qemu is not None, "it runs"
        self.qemu.send_signal(signal.SIGCONT)

    def pull_stick(self) -> None:
        """What the guest has not read by now it cannot read any more. Plugged in again by the next start."""
        with qmp.connected(self.folder / "qmp") as ask:
            ask("human-monitor-command", **{"command-line": "drive_del stick"})

    def freeze(self) -> Path:
        """Stopped in the middle, with its memory in a file; `thawed` makes boards that go on from there."""
        memory = self.folder / "memory"
        with qmp.connected(self.folder / "qmp") as ask:
            ask("stop")
            ask("migrate", uri=f"exec:cat > {memory}")
            while (status := ask("query-migrate")["status"]) != "completed":
                assert status != "failed", "its memory cannot be kept"
                time.sleep(0.1)
            ask("quit")
        self.wait_for_end(QUIT_S)
        return memory

    def thawed(self, folder: Path, chance: random.Random) -> Board:
        """Another one, which goes on where this was frozen. Switched off."""
        folder.mkdir()
        for name in ("disk.img", "flag.bin", "now.dtb", "Image", "initrd", "cmdline.txt", "base.dtb"):
            copied(self.folder / name, folder / name)
        board = Board(folder, folder / "disk.img", self.layout, self.more, memory=self.folder / "memory", chance=chance)
        copied(self.folder / "flag.bin", folder / "flag.bin")
        board.starts = list(self.starts)
        return board

    def cut(self) -> None:
        """The plug is pulled."""
        if self.qemu is not None:
            self.qemu.kill()
            self._ended()
            if self.chance is not None and self.log is not None:
                copied(self.folder / "before.img", self.disk)
                self.lost = writes.survive(self.disk, self.log, self.layout, self.chance)
        self._clear()

    def _choose(self) -> tuple[int, bool]:
        is_try = self.is_armed
        self._clear()
        try:
            chosen = selector.parse(self._read("bootcfg", "autoboot.txt"))
            partition = chosen.tries if is_try else chosen.boots
        except (SelectorUnreadable, OSError):
            partition = FALLBACK
        if partition in PARTITIONS and self._fetch(PARTITIONS[partition]):
            return partition, is_try
        if is_try:
            return self._choose()
        raise Brick(f"partition {partition} has nothing that can be started")

    def _fetch(self, partition: str) -> bool:
        try:
            for name in ("Image", "initrd", "cmdline.txt"):
                (self.folder / name).write_bytes(self._read(partition, name))
        except OSError:
            return False
        return True

    def _read(self, partition: str, name: str) -> bytes:
        """Raises OSError. mtools refuse what is no FAT; a firmware would, too."""
        place = f"{self.disk}@@{self.layout.offsets[partition]}"
        done = subprocess.run(["mtype", "-i", place, f"::{name}"], capture_output=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace"))
        return done.stdout

    def _clear(self) -> None:
        self.flag.write_bytes(bytes(SECTOR))

    def _go_on(self, memory: Path) -> None:
        self._power(memory)
        with qmp.connected(self.folder / "qmp") as ask:
            while ask("query-status")["status"] == "inmigrate":
                time.sleep(0.05)
            ask("cont")

    def _power(self, memory: Path | None = None) -> None:
        if self.chance is not None:
            self.log = self.folder / "writes.log"
            copied(self.disk, self.folder / "before.img")
        more = ["-incoming", f"exec:cat {memory}"] if memory else []
        self.qemu = subprocess.Popen(
            [*self._command(), *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _stand_back(self.qemu.pid)

    def _command(self) -> list[str]:
        flag = f"file={self.flag},format=raw,if=none,id=d1,cache=writethrough"
        line = f"{(self.folder / 'cmdline.txt').read_text()} {self.more}"
        return [
            "nice", "-n", "19", "qemu-system-aarch64", *MACHINE, "-monitor", "none", "-no-reboot",
            "-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off",
            "-kernel", str(self.folder / "Image"), "-initrd", str(self.folder / "initrd"),
            "-dtb", str(self.folder / "now.dtb"),
            "-append", line, *self._first_disk(), "-device", "virtio-blk-pci,drive=d0",
            "-drive", flag, "-device", "virtio-blk-pci,drive=d1", *self._stick(),
            "-netdev", f"user,id=n0,restrict={'off' if self.has_uplink else 'on'}",
            "-device", "virtio-net-pci,netdev=n0,romfile=",
            "-device", "virtio-rng-pci",
        ]  # fmt: skip

    def _stick(self) -> list[str]:
        if self.stick is None:
            return []
        drive = f"file={self.stick},format=raw,if=none,id=stick,readonly=on"
        return ["-drive", drive, "-device", "virtio-blk-pci,drive=stick"]

    def _first_disk(self) -> list[str]:
        if self.log is None:
            return ["-drive", f"file={self.disk},format=raw,if=none,id=d0,cache=writeback,discard=unmap"]
        with self.log.open("wb") as empty:
            empty.truncate(LOG_BYTES)
        return [
            "-blockdev", f"driver=file,filename={self.disk},node-name=f,discard=unmap",
            "-blockdev", f"driver=file,filename={self.log},node-name=l",
            "-blockdev", f"driver=blklogwrites,file=f,log=l,log-sector-size={SECTOR},"
            "log-super-update-interval=1,node-name=d0",
        ]  # fmt: skip

    def _line(self, ends_s: float) -> str | None:
        """The next of the console; empty when none came in time, None when the machine has ended."""
        assert self.qemu is not None, "it was started"
        assert self.qemu.stdout is not None
        with selectors.DefaultSelector() as watch:
            watch.register(self.qemu.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not watch.select(max(0.0, ends_s - time.monotonic())):
                    return ""
                data = os.read(self.qemu.stdout.fileno(), 65536)
                if not data:
                    return None
                self._unread += data
                with (self.folder / "console").open("ab") as file:
                    file.write(data)  # for a person who wonders
                self.console += data.decode(errors="replace").replace("\r", "")
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode(errors="replace").rstrip()

    def _ended(self) -> None:
        assert self.qemu is not None
        _, _, used = os.wait4(self.qemu.pid, 0)
        self.qemu.returncode = 0  # it was waited for
        self._worked_s += used.ru_utime + used.ru_stime
        assert self.qemu.stdout is not None
        self.console += self.qemu.stdout.read().decode(errors="replace").replace("\r", "")
        self.qemu.stdout.close()
        self.qemu, self._unread = None, b""


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stand_back(pid: int) -> None:
    """Behind every other session too: some kernels share the processor out among sessions, whatever `nice` says."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("19")


def _put(tree: Path, *words: str) -> None:
    options = [word for word in words if word.startswith("-") or word == "i"]
    rest = [word for word in words if word not in options]
    subprocess.run(["fdtput", *options, str(tree), *rest], check=True, capture_output=True)
