"""The operating system: put by RAUC into the slots that do not run, tried by one restart, kept by a commit.

What the offline keys signed is the hash of the bundle and that of its manifest; RAUC knows only the second. A small
record on the data partition holds which belongs to which, written before the install begins.
"""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ota.agent import Running
from ota.disk import Disk, replace
from ota.held import Bundle, Bundles
from ota.refusals import Code, Later, Refused
from ota.release import Release
from ota.slots import Progress, Slot

log = logging.getLogger(__name__)
KEPT = 4
"""Of the record: two slots, and what was tried before."""
MOST_STREAMS = 3
"""So often a stream may break, one after the other, before the bundle is taken to be what is wrong."""
RESTART_S = 300.0
STEP = 10
"""Percent between two lines of the log."""


class Slots(Protocol):
    """What `slots.Rauc` does."""

    def slots(self) -> tuple[Slot, ...]: ...

    def install(self, url: str, manifest: str, progress: Progress) -> None: ...

    def mark(self, state: str, which: str) -> None: ...

    def primary(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Machine:
    """`restart`: the command that restarts it. `remember`: keeps how all was before the update, for the gate."""

    restart: tuple[str, ...]
    remember: Callable[[], None]


class Record:
    """Manifest hash -> sha256 of its bundle, newest last."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk, self._path = disk, path

    def sha256(self, manifest: str) -> str:
        """Empty: not known here."""
        return self._read().get(manifest, "")

    def note(self, manifest: str, sha256: str) -> None:
        held = {known: of for known, of in self._read().items() if known != manifest}
        newest = dict([*held.items(), (manifest, sha256)][-KEPT:])
        replace(self._disk, self._path, json.dumps(newest).encode())

    def _read(self) -> dict[str, str]:
        """A file that cannot be read says nothing: the image that runs is then installed once more."""
        try:
            held = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return {str(known): str(of) for known, of in held.items()} if isinstance(held, dict) else {}


class ImageInstaller:
    """An `Installer`."""

    def __init__(self, slots: Slots, record: Record, machine: Machine, bundles: Bundles, progress: Progress) -> None:
        self._slots, self._record, self._machine, self._bundles = slots, record, machine, bundles
        self._progress = progress
        self._chosen: Release | None = None
        self._broken = 0

    def fetch(self, release: Release) -> Path:
        """Nothing yet: RAUC reads of the bundle what it needs, and never keeps it. Raises `Refused`."""
        if not release.manifest_sha256:
            raise Refused(Code.GARBLED, f"{release.name} is an image and names no manifest")
        self._chosen = release
        return Path(release.file)

    def current(self) -> str:
        return self._record.sha256(self._manifest(runs=True))

    def install(self, sha256: str, content: Path) -> None:  # noqa: ARG002
        """Returns when the other slots hold this image, whole. Nothing is armed. Raises `Refused`, `Later`."""
        release = self._chosen
        assert release is not None and release.sha256 == sha256, "chosen by `fetch`, just before"
        self._record.note(release.manifest_sha256, sha256)
        if self._manifest(runs=False) != release.manifest_sha256:
            with self._bundles(release) as bundle:
                self._put(bundle, release.manifest_sha256)

    def switch(self, sha256: str) -> None:
        """Arm one try and restart; does not return. The machine that was restarted comes here too, and goes on."""
        if self.running(sha256) is Running.NEW:
            return
        if self._record.sha256(self._manifest(runs=False)) != sha256:
            raise Refused(Code.MANIFEST, "what lies in the other slots is not what was installed")
        self._machine.remember()
        self._slots.mark("active", "other")
        self._restart()

    def running(self, sha256: str) -> Running:
        return Running.NEW if self.current() == sha256 else Running.OLD

    def keep(self, sha256: str) -> None:  # noqa: ARG002
        """The commit: the selector names it from now on."""
        self._slots.mark("good", "booted")
        names = [slot.name for slot in self._slots.slots() if slot.runs]
        if self._slots.primary() not in names:
            raise Later(Code.RAUC, "the boot selector does not name what was committed")

    def take_back(self, sha256: str) -> None:
        """The one before it boots by itself: the try was never committed."""
        if self.running(sha256) is Running.NEW:
            self._restart()
        self._slots.mark("bad", "other")

    def _put(self, bundle: Bundle, manifest: str) -> None:
        """A stick that was pulled out, or changed, is no fault of the image: RAUC may say anything then, or die."""
        try:
            self._slots.install(bundle.address, manifest, self._progress)
            self._compare(manifest)
        except (Later, Refused) as said:
            bundle.judge()
            if isinstance(said, Later) and said.code is Code.STREAM:
                self._count(said)
            raise

    def _count(self, broke: Later) -> None:
        """Raises `Refused` when it was once too often."""
        self._broken += 1
        if self._broken >= MOST_STREAMS:
            self._broken = 0
            raise Refused(Code.BUNDLE, f"{MOST_STREAMS} times: {broke.why}") from broke

    def _compare(self, manifest: str) -> None:
        others = [slot for slot in self._slots.slots() if not slot.runs]
        if not others or not all(slot.whole for slot in others):
            raise Later(Code.RAUC, "the install was cut off in the middle")
        if any(slot.manifest != manifest for slot in others):
            found = ", ".join(sorted({slot.manifest[:12] or "none" for slot in others}))
            raise Refused(Code.MANIFEST, f"the slots hold manifest {found}, signed is {manifest[:12]}")

    def _manifest(self, *, runs: bool) -> str:
        """Of the bundle that all slots of that side came from; empty when they are not of one, or not whole."""
        side = [slot for slot in self._slots.slots() if slot.runs is runs]
        found = {slot.manifest for slot in side}
        return found.pop() if len(found) == 1 and all(slot.whole for slot in side) else ""

    def _restart(self) -> None:
        """Does not return, unless the machine does not restart."""
        subprocess.run(self._machine.restart, check=True, capture_output=True, timeout=RESTART_S)
        time.sleep(RESTART_S)
        raise Later(Code.RAUC, "the machine did not restart")


class Steps:
    """RAUC's progress in the log, each tenth once."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, percent: int, what: str) -> None:
        if percent // STEP != self._said:
            self._said = percent // STEP
            log.info("%d %% %s", percent, what)
