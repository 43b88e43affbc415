"""RAUC's hand on the boot selector: what it calls to learn which slot boots, and to change it.

    python -m ota.backend --selector /bootcfg/autoboot.txt --states /data/rauc-states --once mailbox get-primary
    python -m ota.backend ... set-state B good

A slot is armed without a write to the selector, for that names the other slot as the one to try already; a commit is
one sector written in place. Nothing of ours beyond these few files is loaded: RAUC asks several times in an install.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ota import selector, tryboot
from ota.disk import Disk, RealDisk, replace
from ota.selector import Selector, SelectorUnreadable
from ota.tryboot import PARTITIONS, Once, Start

GOOD, BAD = "good", "bad"
FAILED = 1
WRONG = 2
MOUNT_S = 30.0


@dataclass(frozen=True, slots=True)
class Backend:
    """`selector`: autoboot.txt. `states`: a folder of one small file for each slot. `writable`: makes the selector's
    partition writable as long as it is held."""

    selector: Path
    states: Path
    once: Once
    start: Start
    disk: Disk
    writable: Callable[[], AbstractContextManager[None]]

    def current(self) -> str:
        """The slot that runs; empty when none of ours does."""
        return self.start.slot

    def primary(self) -> str:
        """The slot that the next start takes."""
        chosen = self._selector()
        return _slot(chosen.tries if self.once.is_armed() else chosen.boots)

    def set_primary(self, slot: str) -> None:
        """Arm one try of it; what boots for good already is not tried."""
        chosen, partition = self._selector(), PARTITIONS[slot]
        self._keep_state(slot, GOOD)
        if chosen.boots == partition:
            self.once.arm(False)
            return
        if chosen.tries != partition:
            self._write(Selector(chosen.boots, partition))
        self.once.arm(True)

    def state(self, slot: str) -> str:
        """Bad until it was said to be good."""
        path = self.states / slot
        return GOOD if path.exists() and path.read_text() == GOOD else BAD

    def set_state(self, slot: str, state: str) -> None:
        """Good, of the slot that runs on trial: it boots from now on. Bad, of the other: it is tried no more."""
        self._keep_state(slot, state)
        chosen = self._selector()
        if state == GOOD and slot == self.start.slot and chosen.boots != PARTITIONS[slot]:
            self._write(Selector(PARTITIONS[slot], chosen.boots))
        elif state == BAD and slot != self.start.slot:
            self.once.arm(False)

    def _selector(self) -> Selector:
        return selector.parse(self.selector.read_bytes())

    def _write(self, chosen: Selector) -> None:
        with self.writable():
            selector.write(self.disk, self.selector, chosen)

    def _keep_state(self, slot: str, state: str) -> None:
        self.states.mkdir(parents=True, exist_ok=True)
        replace(self.disk, self.states / slot, state.encode())


def _slot(partition: int) -> str:
    """Raises `SelectorUnreadable`: the selector names a partition that is none of ours."""
    for name, number in PARTITIONS.items():
        if number == partition:
            return name
    raise SelectorUnreadable(f"{SelectorUnreadable.code}: autoboot.txt names partition {partition}, which is no slot")


def mounted(folder: Path) -> Callable[[], AbstractContextManager[None]]:
    """Writable for a moment: the selector's partition is mounted read-only, so that nothing else can spoil it."""

    @contextmanager
    def writable() -> Iterator[None]:
        if not folder.is_mount():
            yield
            return
        _remount(folder, "rw")
        try:
            yield
        finally:
            _remount(folder, "ro")

    return writable


def _remount(folder: Path, how: str) -> None:
    command = ["mount", "-o", f"remount,{how}", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=MOUNT_S)
    except subprocess.SubprocessError as cause:
        raise OSError(f"{folder} cannot be mounted {how}: {cause}") from cause


def say(backend: Backend, words: list[str]) -> str | None:
    """What RAUC is answered; None: it asks what we do not know."""
    match words:
        case ["get-current"]:
            return backend.current()
        case ["get-primary"]:
            return backend.primary()
        case ["get-state", slot] if slot in PARTITIONS:
            return backend.state(slot)
        case ["set-primary", slot] if slot in PARTITIONS:
            backend.set_primary(slot)
            return ""
        case ["set-state", slot, state] if slot in PARTITIONS and state in (GOOD, BAD):
            backend.set_state(slot, state)
            return ""
        case _:
            return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota.backend", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--selector", type=Path, required=True, help="autoboot.txt, of 512 bytes")
    parser.add_argument("--states", type=Path, required=True, help="a folder on the data partition")
    parser.add_argument("--once", required=True, help="mailbox, or the emulator's disk")
    parser.add_argument("--tree", type=Path, default=tryboot.TREE, help="where the firmware says how it started")
    parser.add_argument("words", nargs="+", help="what RAUC asks")
    options = parser.parse_args()
    start, once = tryboot.start(options.tree), tryboot.once(options.once)
    backend = Backend(options.selector, options.states, once, start, RealDisk(), mounted(options.selector.parent))
    try:
        answer = say(backend, options.words)
    except (OSError, SelectorUnreadable) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    if answer is None:
        sys.stderr.write(f"not known: {' '.join(options.words)}\n")
        return WRONG
    if answer:
        sys.stdout.write(f"{answer}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
