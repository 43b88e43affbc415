"""Everything that one session of the guest's tests needs: headquarters, a disk as it leaves the works, and bundles."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from ota import stick
from ota.disk import RealDisk
from ota.office import Said
from ota.release import Release, Role
from tests.image_guest import initrd, media, overlay
from tests.image_guest.firmware import Board
from tests.image_guest.overlay import DEVICE, HARDWARE, HOST, Office
from tests.image_guest.parts import Parts
from tests.image_guest.served import Headquarters

FAST = "landfall.init=/usr/lib/landfall/fast"
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
    bundles: dict[str, Bundle] = field(default_factory=dict)

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
        media.boot(self.parts.kernel.image, initrd.build(self.parts.kernel, self.parts.busybox), self._boot)
        overlay.release(self._tree, "1.0.0", overlay.HEALTHY)
        media.ext4(self._tree, self.folder / "root.ext4")
        media.disk(self.folder / "new.img", self.folder / "root.ext4", self._boot)

    def bundle(self, version: str, health: str = overlay.HEALTHY) -> Bundle:
        """Made once: a version that differs from every other in two megabytes and a word."""
        if version not in self.bundles:
            content = self.folder / f"content-{version}"
            content.mkdir()
            overlay.release(self._tree, version, health, os.urandom(CHANGED))
            media.ext4(self._tree, content / "rootfs.ext4")
            shutil.copy(self._boot, content / "boot.vfat")
            file = self.folder / f"{version}.raucb"
            self.bundles[version] = Bundle(file, version, media.bundle(content, file, version, self.keys))
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
        subprocess.run(["cp", "--sparse=always", str(disk or self.folder / "new.img"), str(copy)], check=True)
        return Board(folder, copy, line, log)

    def said(self) -> Said:
        """What the guest last told headquarters."""
        return next(said for said in self.headquarters.office.devices if said.device == DEVICE)

    def end(self) -> None:
        self.headquarters.end()
