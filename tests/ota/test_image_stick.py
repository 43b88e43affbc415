"""An image from a stick: a file system on a loop device, read by the real RAUC, pulled out, swapped and spoilt.

What the guest adds (tests/image_guest): FAT, dm-verity, and a RAUC that says what it installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ota import stick
from ota.disk import RealDisk
from ota.held import Bundle, held
from ota.images import MOST_STREAMS, ImageInstaller, Machine, Record
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role
from ota.slots import Rauc
from tests.ota.conftest import ME, release
from tests.ota.test_channels import Stick as Inserted
from tests.ota.test_client import Kiosk, kiosk
from tests.ota.test_slots import MIB, SIZE, Host, able, first_page, host, keys, other_slot, say_nothing

__all__ = ["able", "host", "keys", "kiosk"]
pytestmark = pytest.mark.timeout(600)
ROOM = 96 * MIB
BOUND = "cd" * 32
"""A plain bundle's signature holds no manifest: what stands here is compared with nothing."""


@dataclass
class Stick:
    """`image`: all of its bytes; `at`: where it is mounted while it is plugged in."""

    image: Path
    at: Path
    loop: str = ""

    def __post_init__(self) -> None:
        with self.image.open("wb") as file:
            file.truncate(ROOM)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", self.image], check=True)
        self.at.mkdir()

    def plug(self) -> None:
        made = subprocess.run(["losetup", "-f", "--show", self.image], check=True, capture_output=True, text=True)
        self.loop = made.stdout.strip()
        subprocess.run(["mount", self.loop, self.at], check=True)

    def unplug(self) -> None:
        if self.loop:
            subprocess.run(["umount", "-l", self.at], check=False)
            subprocess.run(["losetup", "-d", self.loop], check=False)
            self.loop = ""

    def tear_out(self, file: Path) -> None:
        """With the file system mounted and that file in use: what is not in memory by now cannot be read any more."""
        subprocess.run(["sync", "-f", self.at], check=True)
        shutil.copy(self.image, self.whole)
        os.truncate(self.image, MIB)
        for place in (file, Path(self.loop)):
            handle = os.open(place, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)

    def put_back(self) -> None:
        self.unplug()
        self.whole.replace(self.image)
        self.plug()

    @property
    def whole(self) -> Path:
        return self.image.with_suffix(".whole")


@pytest.fixture
def plugged(able: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stick]:
    folder = tmp_path_factory.mktemp("stick")  # not in the host's: what is mounted there goes when its service does
    made = Stick(folder / "stick.img", folder / "stick")
    made.plug()
    yield made
    made.unplug()


@dataclass
class Bench:
    """An installer over the real RAUC, and a bundle on the stick."""

    host: Host
    stick: Stick

    def carry(self, version: str = "2.0.0") -> Release:
        bundle = self.host.bundle(version)
        data = bundle.read_bytes()
        name, digest = f"images/{bundle.name}", hashlib.sha256(data).hexdigest()
        new = Release(Role.IMAGES, name, len(data), digest, version, 2, ("rpi5",), BOUND)
        self.file(new).parent.mkdir(exist_ok=True)
        self.file(new).write_bytes(data)
        return new

    def file(self, new: Release) -> Path:
        return self.stick.at / new.file

    def installer(self, *, spoilt: bool = False) -> ImageInstaller:
        record, machine = Record(RealDisk(), self.host.folder / "images.json"), Machine(("true",), lambda: None)

        @contextmanager
        def bundles(new: Release) -> Iterator[Bundle]:
            with held(self.file(new), new, say_nothing) as bundle:
                if spoilt:
                    self.spoil(new)
                yield bundle

        return ImageInstaller(Rauc(), record, machine, bundles, say_nothing)

    def spoil(self, new: Release) -> None:
        """In place: the same file, other bytes."""
        with self.file(new).open("r+b") as file:
            file.seek(new.length // 2)
            was = file.read(1)
            file.seek(new.length // 2)
            file.write(bytes((was[0] ^ 1,)))

    def install(self, new: Release, installer: ImageInstaller) -> None:
        """What RAUC wrote is compared with what it was given: this RAUC cannot say what that was."""
        try:
            installer.install(new.sha256, installer.fetch(new))
        except Refused as refused:
            if refused.code is not Code.MANIFEST:
                raise

    def holds(self, version: str) -> bool:
        """The other slot is that image, from its first byte to its last."""
        content = next(self.host.folder.glob(f"content-{version}-*")) / "rootfs.img"
        return Path(self.host.loops[1]).read_bytes()[:SIZE] == content.read_bytes()

    @property
    def is_untouched(self) -> bool:
        return first_page(Path(self.host.loops[1])) == bytes(4096) and not self.host.is_armed


@pytest.fixture
def bench(host: Host, plugged: Stick) -> Bench:
    return Bench(host, plugged)


def test_rauc_writes_the_other_slot_from_the_stick_and_arms_nothing(bench: Bench) -> None:
    new = bench.carry()
    bench.install(new, bench.installer())
    assert bench.holds("2.0.0")
    assert other_slot().whole
    assert not bench.host.is_armed


def test_a_genuine_older_one_put_in_its_place_is_not_what_rauc_reads(bench: Bench) -> None:
    """After it was judged, and signed by the same people: the name on the stick leads to another file by then."""
    older, new = bench.carry("1.0.0"), bench.carry("2.0.0")
    with held(bench.file(new), new, say_nothing) as bundle:
        bench.file(older).replace(bench.file(new))
        Rauc().install(bundle.address, new.manifest_sha256, say_nothing)
    assert bench.holds("2.0.0")
    assert not bench.holds("1.0.0")


def test_bytes_that_change_after_they_were_judged_are_refused_by_rauc_and_named_for_what_they_are(bench: Bench) -> None:
    new = bench.carry()
    with pytest.raises(Refused) as refused:
        bench.install(new, bench.installer(spoilt=True))
    assert refused.value.code is Code.CONTENT
    assert bench.is_untouched


def test_what_is_no_plain_whole_file_is_refused_before_rauc_hears_of_it(bench: Bench, tmp_path: Path) -> None:
    new, before = bench.carry(), len(bench.host.calls)
    file, elsewhere = bench.file(new), tmp_path / "elsewhere"
    whole = file.read_bytes()

    def code() -> Code | None:
        try:
            bench.install(new, bench.installer())
        except (Refused, Later) as said:
            return said.code
        return None

    file.write_bytes(whole[:-3])
    assert code() is Code.STICK
    file.write_bytes(whole + b"more")
    assert code() is Code.ENDLESS
    file.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
    assert code() is Code.CONTENT
    file.unlink()
    assert code() is Code.STICK
    elsewhere.mkdir()
    (elsewhere / file.name).write_bytes(whole)
    file.symlink_to(elsewhere / file.name)
    assert code() is Code.STICK
    file.unlink()
    os.mkfifo(file)
    assert code() is Code.STICK
    file.unlink()
    file.parent.rmdir()
    file.parent.symlink_to(elsewhere)  # the file is plain and right, the way to it is a link
    assert code() is Code.STICK
    assert bench.host.calls[before:] == [call for call in bench.host.calls[before:] if call.startswith("get-")]
    assert bench.is_untouched


def test_pulled_out_in_the_middle_it_waits_for_the_stick_and_goes_on(bench: Bench) -> None:
    new, installer = bench.carry(), bench.installer()
    for _ in range(MOST_STREAMS + 1):  # more often than a line may break
        said = torn_out(bench, new, installer)
        assert isinstance(said, Later), said
        assert said.code is Code.STICK
        assert not other_slot().whole
        assert not bench.host.is_armed
        bench.stick.put_back()
    bench.install(new, installer)
    assert bench.holds("2.0.0")


def test_rauc_that_dies_of_it_is_no_fault_of_the_image_either(bench: Bench) -> None:
    """As it does where it has mapped a file that cannot be read any more."""
    new, installer = bench.carry(), bench.installer()
    said = torn_out(bench, new, installer, dies=True)
    assert isinstance(said, Later), said
    assert said.code is Code.STICK
    bench.host.begin_service()
    bench.stick.put_back()
    bench.install(new, installer)
    assert bench.holds("2.0.0")


def torn_out(bench: Bench, new: Release, installer: ImageInstaller, *, dies: bool = False) -> Exception | None:
    """What an install says whose stick was pulled out once it wrote; tried again where RAUC was done before that."""
    for _ in range(10):
        slot, said = Path(bench.host.loops[1]), list[Exception]()
        slot.write_bytes(bytes(4096))

        def installs(said: list[Exception] = said) -> None:
            try:
                bench.install(new, installer)
            except (Later, Refused) as why:
                said.append(why)

        thread = threading.Thread(target=installs)
        thread.start()
        while first_page(slot) == bytes(4096) and thread.is_alive():
            pass
        assert bench.host.service is not None
        bench.host.service.send_signal(signal.SIGSTOP)
        bench.stick.tear_out(bench.file(new))
        bench.host.kill_service() if dies else bench.host.service.send_signal(signal.SIGCONT)
        thread.join()
        if said:
            return said[0]
        if dies:
            bench.host.begin_service()
        bench.stick.put_back()
    return None


def test_the_client_takes_an_image_from_a_stick_that_headquarters_wrote(bench: Bench, kiosk: Kiosk) -> None:
    """The last step is left to the guest: of a plain bundle nobody can say which manifest it had."""
    bundle, world = bench.host.bundle("2.0.0"), kiosk.world
    new = replace(release(bundle.read_bytes(), 2, "images/2-image.raucb"), manifest_sha256=BOUND)
    world.offer(new, bundle.read_bytes())
    world.order(new)
    stick.write(RealDisk(), world.folder, bench.stick.at, [ME.device])
    kiosk.more = '[image_slots]\nrestart = ["true"]\ngate_s = 5\n'
    inserted = Inserted(kiosk)
    inserted.folder = bench.stick.at
    _, told = inserted.insert()
    assert bench.holds("2.0.0")
    states = [(one["state"], one["source"], one["sha256"]) for one in kiosk.told()]
    assert states[:2] == [("chosen", "usb", new.sha256), ("fetched", "usb", new.sha256)]
    assert told.startswith("images 2.0.0 refused OTA-MANIFEST: the slots hold manifest none")
    assert not (kiosk.ota / Role.IMAGES / new.sha256).exists(), "no copy of it is kept"
