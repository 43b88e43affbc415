"""Watches over a try of an image from its first second: keeps its log, and restarts the machine when time is up.

    python -m ota.trial --folder /data/ota --selector /bootcfg/autoboot.txt --deadline-s 600

Runs beside everything else, and on nothing: an image whose data partition does not mount, whose update client does not
start or whose app hangs must end in the old one, and the old one must be able to say why.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ota import selector, tryboot
from ota.disk import Disk, RealDisk, remove, replace
from ota.selector import SelectorUnreadable
from ota.tryboot import PARTITIONS

LOG = "trial.log"
EVERY_S = 3.0
COMMAND_S = 30.0
MOST_LOG = 12_000
"""Bytes, the newest: the end of the story is at the end."""
MOST_WORDS = 6000
"""Characters of it that are sent."""


class Verdict(StrEnum):
    """What a look at the trial says."""

    ON = "on"
    COMMITTED = "committed"
    LATE = "late"


def judge(boots: int, partition: int, elapsed_s: float, deadline_s: float) -> Verdict:
    """`boots`: the partition that the selector names for good; `partition`: the one that was started."""
    if boots == partition:
        return Verdict.COMMITTED
    return Verdict.LATE if elapsed_s >= deadline_s else Verdict.ON


@dataclass(frozen=True, slots=True)
class Trial:
    """`log`, `restart`: commands. `resort`: the one for a machine that does not restart when it is asked to."""

    folder: Path
    selector: Path
    deadline_s: float
    log: tuple[str, ...]
    restart: tuple[str, ...]
    resort: tuple[str, ...]
    disk: Disk

    def watch(self, partition: int, leaving: threading.Event) -> Verdict:
        """Until it is committed, late, or the machine goes down."""
        began_s = time.monotonic()
        while True:
            verdict = judge(self._boots(), partition, time.monotonic() - began_s, self.deadline_s)
            if verdict is Verdict.COMMITTED:
                self._forget()
                return verdict
            late = f"\n{self.deadline_s:g} s passed without a commit\n" if verdict is Verdict.LATE else ""
            self._keep(late)
            if late or leaving.wait(EVERY_S):
                if not late:
                    self._keep("")  # the last lines are the ones that tell
                return verdict

    def end(self) -> None:
        """Restart, one way or the other."""
        for command in (self.restart, self.resort):
            try:
                subprocess.run(command, check=True, timeout=COMMAND_S)
            except (OSError, subprocess.SubprocessError):
                continue
            time.sleep(COMMAND_S)

    def _boots(self) -> int:
        try:
            return selector.parse(self.selector.read_bytes()).boots
        except (OSError, SelectorUnreadable):
            return 0

    def _keep(self, more: str) -> None:
        """A log that cannot be kept is no reason to miss the deadline."""
        try:
            done = subprocess.run(self.log, capture_output=True, timeout=COMMAND_S, check=False)
            replace(self.disk, self.folder / LOG, (done.stdout + more.encode())[-MOST_LOG:])
        except (OSError, subprocess.SubprocessError):
            return

    def _forget(self) -> None:
        try:
            remove(self.disk, self.folder / LOG)
        except OSError:
            return


def last_words(folder: Path) -> str:
    """The end of the log of a try that was not committed; empty when there is none."""
    path = folder / LOG
    if not path.exists():
        return ""
    text = path.read_bytes().decode(errors="replace")
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)[-MOST_WORDS:]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota.trial", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="the update client's, on the data partition")
    parser.add_argument("--selector", type=Path, required=True, help="autoboot.txt")
    parser.add_argument("--deadline-s", type=float, required=True)
    parser.add_argument("--log", type=shlex.split, default=["journalctl", "-b", "-n", "300", "--no-pager"])
    parser.add_argument("--restart", type=shlex.split, default=["systemctl", "reboot", "--force"])
    parser.add_argument("--resort", type=shlex.split, default=["reboot", "-f"], help="when that does not restart it")
    parser.add_argument("--tree", type=Path, default=tryboot.TREE, help="where the firmware says how it started")
    options = parser.parse_args()
    start = tryboot.start(options.tree)
    if not start.is_try:
        return 0
    leaving = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    words = tuple(options.log), tuple(options.restart), tuple(options.resort)
    trial = Trial(options.folder, options.selector, options.deadline_s, *words, RealDisk())
    if trial.watch(PARTITIONS.get(start.slot, -1), leaving) is Verdict.LATE:
        trial.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
