"""RAUC itself, Debian's, on a private bus: two slots on loop devices, our backend, bundles good and bad.

The format of these bundles is `plain`, for the kernel of a test machine has no device mapper; kiosks take `verity`
alone, and that runs in the guest (tests/image_guest).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from ota import selector
from ota.agent import Running
from ota.disk import SECTOR, RealDisk
from ota.held import served
from ota.images import ImageInstaller, Machine, Record
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role
from ota.selector import Selector
from ota.slots import Rauc, Slot, judge, read
from ota.tryboot import SecondDisk
from tests.image_guest import media
from tests.image_guest.media import Keys

MIB = 1 << 20
SIZE = 24 * MIB
PATIENCE_S = 60.0
COMPATIBLE = "landfall-host"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""
CONF = """[system]
compatible={compatible}
bootloader=custom
mountprefix={folder}/mnt
statusfile={folder}/central.raucs
bundle-formats=plain
activate-installed=false
[keyring]
path={ca}
check-purpose=codesign
[handlers]
bootloader-custom-backend={folder}/backend
[slot.rootfs.0]
device={a}
type=raw
bootname=A
[slot.rootfs.1]
device={b}
type=raw
bootname=B
"""
BACKEND = """#!/bin/sh
echo "$@" >> {folder}/calls
cd {root}
exec {python} -S -m ota.backend --selector {folder}/autoboot.txt --states {folder}/states --once {folder}/flag \\
  --tree {folder}/bootloader "$@"
"""
MANIFEST = """[update]
compatible={compatible}
version={version}
[bundle]
format=plain
[image.rootfs]
filename=rootfs.img
"""


def lacking() -> str:
    """Why RAUC cannot be run here; empty when it can."""
    if missing := [name for name in ("rauc", "dbus-daemon", "losetup", "mksquashfs") if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "loop devices want root"
    free = subprocess.run(["losetup", "-f"], capture_output=True, text=True, check=False)
    return "" if free.returncode == 0 else f"no loop device: {free.stderr.strip()}"


@pytest.fixture(scope="module")
def able() -> None:
    if why := lacking():
        if os.environ.get("CI") == "true":
            pytest.fail(f"RAUC cannot be run: {why}")
        pytest.skip(why)


@dataclass
class Host:
    """A machine that runs slot A: loop devices, a bus and a service, all in one folder."""

    folder: Path
    keys: Keys
    loops: list[str] = field(default_factory=list)
    bus: subprocess.Popen[bytes] | None = None
    service: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        (self.folder / "autoboot.txt").write_bytes(selector.render(Selector(2, 3)))
        (self.folder / "flag").write_bytes(bytes(SECTOR))
        (self.folder / "bootloader").mkdir()
        (self.folder / "bootloader" / "partition").write_bytes(b"\0\0\0\2")
        self.calls_file = self.folder / "calls"
        self.calls_file.touch()
        backend = self.folder / "backend"
        backend.write_text(BACKEND.format(folder=self.folder, root=media.ROOT, python=sys.executable))
        backend.chmod(0o755)

    def begin(self) -> None:
        for name in ("a.img", "b.img"):
            with (self.folder / name).open("wb") as image:
                image.truncate(SIZE + 4 * MIB)
            made = ["losetup", "-f", "--show", str(self.folder / name)]
            self.loops.append(subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip())
        a, b = self.loops
        conf = CONF.format(compatible=COMPATIBLE, folder=self.folder, ca=self.keys.ca, a=a, b=b)
        (self.folder / "system.conf").write_text(conf)
        (self.folder / "bus.conf").write_text(BUS.format(folder=self.folder))
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork"])
        until((self.folder / "bus").exists)
        self.begin_service()

    def begin_service(self) -> None:
        command = ["rauc", f"--conf={self.folder}/system.conf", "--override-boot-slot=A", "service"]
        with (self.folder / "rauc.log").open("ab") as log:
            self.service = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: answers(Rauc()))

    def kill_service(self) -> None:
        """As a crash would, and what it leaves is cleared away: a restarted machine has neither mounts nor loops."""
        assert self.service is not None
        self.service.kill()
        self.service.wait()
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in [place for place in mounted if place.startswith(str(self.folder))]:
            subprocess.run(["umount", place], check=True)

    def end(self) -> None:
        if self.service is not None:
            self.kill_service()
        if self.bus is not None:
            self.bus.kill()
            self.bus.wait()
        for loop in self.loops:
            subprocess.run(["losetup", "-d", loop], check=False)

    def bundle(self, version: str, keys: Keys | None = None, compatible: str = COMPATIBLE) -> Path:
        """With an image of random bytes, so that writing it takes a while."""
        content = self.folder / f"content-{version}-{compatible}"
        content.mkdir()
        (content / "rootfs.img").write_bytes(os.urandom(SIZE))
        (content / "manifest.raucm").write_text(MANIFEST.format(compatible=compatible, version=version))
        made, by = self.folder / f"{version}-{compatible}.raucb", keys or self.keys
        media.run(
            "rauc",
            "bundle",
            "--mksquashfs-args=-comp lzo -Xalgorithm lzo1x_1",
            f"--cert={by.certificate}",
            f"--key={by.key}",
            content,
            made,
        )
        return made

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()

    @property
    def is_armed(self) -> bool:
        return SecondDisk(self.folder / "flag").is_armed()

    @property
    def chosen(self) -> Selector:
        return selector.parse((self.folder / "autoboot.txt").read_bytes())


def until(seen: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < ends_s
        time.sleep(0.05)


def answers(rauc: Rauc) -> bool:
    with suppress(Later):
        return bool(rauc.slots())
    return False


def say_nothing(_percent: int, _what: str) -> None:
    """Of the progress."""


@pytest.fixture(scope="module")
def keys(able: None, tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return media.keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def host(keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    host = Host(tmp_path, keys)
    try:
        host.begin()
        yield host
    finally:
        host.end()


def test_slots_are_read(host: Host) -> None:
    slots = {slot.name: slot for slot in Rauc().slots()}
    assert [(slot.boot, slot.runs, slot.whole) for _, slot in sorted(slots.items())] == [
        ("A", True, False),
        ("B", False, False),
    ]
    assert Rauc().primary() == "rootfs.0"


def test_an_install_writes_the_other_slot_and_arms_nothing(host: Host) -> None:
    bundle, before = host.bundle("2.0.0"), len(host.calls)
    Rauc().install(str(bundle), "0" * 64, say_nothing)
    called = [call for call in host.calls[before:] if not call.startswith("get-")]
    assert called == ["set-state B bad"]
    assert (host.is_armed, host.chosen) == (False, Selector(2, 3))
    other = other_slot()
    assert (other.boot, other.whole) == ("B", True)
    written = Path(host.loops[1]).read_bytes()[:SIZE]
    assert written == (host.folder / f"content-2.0.0-{COMPATIBLE}" / "rootfs.img").read_bytes()


def test_marks_reach_the_selector(host: Host) -> None:
    Rauc().mark("active", "other")
    assert host.is_armed
    assert Rauc().primary() == "rootfs.1"
    Rauc().mark("bad", "other")
    assert not host.is_armed
    Rauc().mark("good", "booted")
    assert host.chosen == Selector(2, 3)


def release(bundle: Path, manifest: str) -> Release:
    name = f"images/{bundle.name}"
    return Release(Role.IMAGES, name, bundle.stat().st_size, "ab" * 32, "2.0.0", 2, ("rpi5",), manifest)


def test_a_rauc_too_old_to_say_what_it_installed_is_not_believed(host: Host) -> None:
    """Debian's for this machine is 1.8, which keeps no hash of the manifest: nothing it installs is ever armed."""
    bundle = host.bundle("2.0.0")
    new = release(bundle, "cd" * 32)
    (host.folder / new.file).parent.mkdir()
    bundle.rename(host.folder / new.file)
    record, machine = Record(RealDisk(), host.folder / "images.json"), Machine(("true",), lambda: None)
    installer = ImageInstaller(Rauc(), record, machine, partial(served, f"{host.folder}/"), say_nothing)
    with pytest.raises(Refused) as refused:
        installer.install(new.sha256, installer.fetch(new))
    assert refused.value.code is Code.MANIFEST
    with pytest.raises(Refused):
        installer.switch(new.sha256)
    assert installer.running(new.sha256) is Running.OLD
    assert not host.is_armed


def flipped(bundle: Path) -> Path:
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    return bundle


def test_a_changed_byte_is_refused(host: Host) -> None:
    refused(host, flipped(host.bundle("2.0.0")), "CMS.*verification failure")


def test_somebody_elses_signature_is_refused(host: Host) -> None:
    rogue = media.keys(host.folder / "rogue", "rogue")
    refused(host, host.bundle("2.0.0", keys=rogue), "self-signed certificate|unable to get local issuer")


def test_another_machines_bundle_is_refused(host: Host) -> None:
    refused(host, host.bundle("2.0.0", compatible="another"), "Compatible mismatch")


def refused(host: Host, bundle: Path, words: str) -> None:
    """By RAUC, before a byte of the slot was touched."""
    with pytest.raises(Refused, match=f"{Code.BUNDLE}: .*({words})"):
        Rauc().install(str(bundle), "0" * 64, say_nothing)
    assert "set-state B bad" not in host.calls
    assert Path(host.loops[1]).read_bytes()[:MIB] == bytes(MIB)
    assert not host.is_armed


def test_killed_in_the_middle_of_writing_it_installs_again(host: Host) -> None:
    bundle = host.bundle("2.0.0")
    for _ in range(10):
        killed_once_it_writes(host, bundle)
        host.begin_service()
        if not other_slot().whole:
            break
    else:
        pytest.fail("the service was always done before it could be killed")
    assert (Rauc().primary(), host.is_armed) == ("rootfs.0", False)
    Rauc().install(str(bundle), "0" * 64, say_nothing)
    assert other_slot().whole


def other_slot() -> Slot:
    return next(slot for slot in Rauc().slots() if not slot.runs)


def killed_once_it_writes(host: Host, bundle: Path) -> None:
    """Looked at as often as can be, for 24 MB are soon written; it may come to its end all the same."""
    slot = Path(host.loops[1])
    slot.write_bytes(bytes(4096))
    with subprocess.Popen(
        ["rauc", f"--conf={host.folder}/system.conf", "install", str(bundle)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as client:
        while first_page(slot) == bytes(4096) and client.poll() is None:
            pass
        host.kill_service()
        client.kill()
    assert first_page(slot) != bytes(4096)


def first_page(slot: Path) -> bytes:
    with slot.open("rb") as device:
        return device.read(4096)


def test_nobody_on_the_bus_is_no_reason_to_refuse(host: Host) -> None:
    host.kill_service()
    with pytest.raises(Later) as later:
        Rauc().slots()
    assert later.value.code is Code.RAUC


def test_no_bus_is_no_reason_to_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(Later):
        Rauc().primary()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Failed to copy data: Input/output error", Code.STREAM),
        ("failed to stream bundle: Could not connect to server", Code.STREAM),
        ("signature verification failed: self-signed certificate", Code.BUNDLE),
        ("Compatible mismatch: Expected 'a' but bundle manifest has 'b'", Code.BUNDLE),
        ("Version mismatch: Expected at least '1.0.0' but bundle manifest has '0.9.0'", Code.BUNDLE),
        ("Refusing to install bundle with unexpected hash", Code.BUNDLE),
    ],
)
def test_a_broken_line_is_told_from_a_bad_bundle(said: str, code: Code) -> None:
    assert judge(said).code is code


def test_a_child_slot_runs_when_its_parent_does() -> None:
    listed = [
        ("boot.1", {"parent": ("s", "rootfs.1"), "state": ("s", "inactive"), "status": ("s", "ok")}),
        ("rootfs.1", {"bootname": ("s", "B"), "state": ("s", "booted"), "bundle.hash": ("s", "ab")}),
    ]
    boot, root = read(listed)
    assert (boot.boot, boot.runs, boot.whole, boot.manifest) == ("B", True, True, "")
    assert (root.boot, root.runs, root.whole, root.manifest) == ("B", True, False, "ab")
