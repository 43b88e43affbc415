"""Everything that one session of the guest's tests needs: headquarters, a disk as it leaves the works, and bundles."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from ota import stick
from ota.disk import RealDisk
from ota.office import Said
from ota.release import Release, Role
from tests.image_guest import firmware, initrd, media, overlay
from tests.image_guest.firmware import Board
from tests.image_guest.media import LARGE, MIB, Layout
from tests.image_guest.overlay import DEVICE, HARDWARE, HOST, Office
from tests.image_guest.parts import Parts
from tests.image_guest.served import Headquarters

FAST = "landfall.init=/usr/lib/landfall/fast"
PATIENCE_S = 1800.0
MOST_COMPILED = 64 << 20
CHANGED = 2 << 20
"""Bytes that differ from one version to the next."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`manifest`: its hash, hexadecimal."""

    file: Path
    version: str
    manifest: str


@dataclass
class Works:
    folder: Path
    parts: Parts
    layout: Layout = LARGE
    bundles: dict[str, Bundle] = field(default_factory=dict)
    slots: dict[str, tuple[str, str]] = field(default_factory=dict)  # version -> sha256 of its root, of its boot

    def __post_init__(self) -> None:
        self.headquarters = Headquarters(self.folder / "office")
        self.keys = media.keys(self.folder / "keys")
        self._tree, self._boot = self.folder / "tree", self.folder / "boot.vfat"
        self._tree.mkdir()
        media.run("tar", "xf", self.parts.rootfs, "-C", self._tree)
        image_root, director_root = self.headquarters.office.roots()
        page, content = self.headquarters.port, self.headquarters.bundles.server_address[1]
        built_in = Office(
            f"http://{HOST}:{page}/", f"http://{HOST}:{content}/", image_root, director_root, self.keys.ca.read_bytes()
        )
        overlay.dress(self._tree, built_in, self.parts.wheels)
        first_root = initrd.build(self.parts.kernel, self.parts.busybox)
        media.boot(self.parts.kernel.image, first_root, self._boot, self.layout.boot)
        self._make("1.0.0")
        overlay.place_compiled(self._tree, self._compiled())
        self._make("1.0.0")

    def _make(self, version: str) -> None:
        """The disk as it leaves the works."""
        overlay.release(self._tree, version, overlay.HEALTHY)
        media.ext4(self._tree, self.folder / "root.ext4", self.layout.root)
        self.slots[version] = (sha256(self.folder / "root.ext4"), sha256(self._boot))
        media.disk(self.folder / "new.img", self.folder / "root.ext4", self._boot, self.layout)

    def _compiled(self) -> bytes:
        """What the guest's Python makes of the modules, by that Python: compiling them anew costs each start more
        than all else that it does."""
        board = self.board("compiling", line="landfall.init=/usr/lib/landfall/compile")
        board.start()
        board.wait_for_end(PATIENCE_S)
        with board.disk.open("rb") as disk:
            disk.seek(self.layout.offsets["root_b"])
            compiled = disk.read(MOST_COMPILED)
        shutil.rmtree(board.folder)
        return compiled

    def bundle(self, version: str, health: str = overlay.HEALTHY, *, index: bool = True) -> Bundle:
        """Made once: a version that differs from every other in two megabytes and a word. `index`: for RAUC to fetch
        no more than that."""
        if version not in self.bundles:
            content = self.folder / f"content-{version}"
            content.mkdir()
            overlay.release(self._tree, version, health, os.urandom(CHANGED))
            media.ext4(self._tree, content / "rootfs.ext4", self.layout.root)
            shutil.copy(self._boot, content / "boot.vfat")
            self.slots[version] = (sha256(content / "rootfs.ext4"), sha256(self._boot))
            file = self.folder / f"{version}.raucb"
            self.bundles[version] = Bundle(file, version, media.bundle(content, file, version, self.keys, index))
            shutil.rmtree(content)
        return self.bundles[version]

    def publish(self, bundle: Bundle) -> Release:
        """Signed and offered by the office; the counter of bytes begins anew."""
        self.headquarters.bundles.counted.clear()
        office, content = self.headquarters.office, bundle.file.read_bytes()
        return office.publish(Role.IMAGES, "image.raucb", content, bundle.version, (HARDWARE,), bundle.manifest)

    def stick(self, bundle: Bundle) -> Path:
        """What headquarters gives to somebody who goes to the port; the device was never heard of but on paper."""
        release, office = self.publish(bundle), self.headquarters.office
        office.check_in(Said(DEVICE, HARDWARE, int(time.time())))
        folder, image = self.folder / f"stick-{release.counter}", self.folder / f"stick-{release.counter}.img"
        folder.mkdir()
        stick.write(RealDisk(), self.headquarters.folder, folder, [DEVICE])
        media.stick(folder, image)
        shutil.rmtree(folder)
        return image

    def board(self, name: str, disk: Path | None = None, line: str = FAST, *, log: Path | None = None) -> Board:
        """With a disk of its own, a copy of that one or as it left the works. Switched off."""
        folder = self.folder / name
        folder.mkdir()
        copy = folder / "disk.img"
        media.copied(disk or self.folder / "new.img", copy)
        return Board(folder, copy, self.layout, line, log)

    def is_whole(self, board: Board, version: str) -> bool:
        """Whether the slot that was started last is that version, byte for byte."""
        slot = firmware.PARTITIONS[board.starts[-1][0]].removeprefix("boot")
        sizes, offsets = self.layout.sizes, self.layout.offsets
        found = (sha256(board.disk, offsets[name], sizes[name] * MIB) for name in (f"root{slot}", f"boot{slot}"))
        return tuple(found) == self.slots[version]

    def said(self) -> Said:
        """What the guest last told headquarters."""
        return next(said for said in self.headquarters.office.devices if said.device == DEVICE)

    def end(self) -> None:
        self.headquarters.end()


def sha256(file: Path, offset: int = 0, size: int = -1) -> str:
    with file.open("rb") as image:
        image.seek(offset)
        return hashlib.sha256(image.read(size)).hexdigest()
