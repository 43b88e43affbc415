"""Runs the app that is current, and again when it ends; takes the new one when it is told that there is one.

    python -m ota.launcher --shelf FOLDER --built-in FOLDER -- ARGUMENTS OF THE APP

SIGHUP: stop the app and start what is current now. SIGTERM: stop. The app is `python -m appliance ARGUMENTS` with the
current bundle's tree, or the built-in one, in front of its path; its release stands in LANDFALL_RELEASE.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ota.disk import RealDisk
from ota.shelf import Shelf
from ota.tree import place

RELEASE = "LANDFALL_RELEASE"
APP = "appliance"
STOP_S = 10.0
PAUSE_S = (0.5, 30.0)
"""Between an end and the next start: doubled each time, up to the second; back to the first once it lived that long."""
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """`shelf`: where bundles lie. `built_in`: the tree that came with the image, run when nothing is current."""

    shelf: Path
    built_in: Path
    arguments: Sequence[str]

    def tree(self) -> tuple[Path, str]:
        """What is current, and its release; a bundle that is not whole is as good as none."""
        current = Shelf(RealDisk(), self.shelf).current
        tree = place(self.shelf, current)
        return (tree, current) if current and tree.is_dir() else (self.built_in, "")

    def command(self) -> list[str]:
        return [sys.executable, "-m", APP, *self.arguments]

    def surroundings(self, inherited: Mapping[str, str]) -> dict[str, str]:
        tree, release = self.tree()
        return {**inherited, "PYTHONPATH": str(tree), RELEASE: release}


class Launcher:
    """One app at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._leaving = self._changed = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        signal.signal(signal.SIGHUP, self._change)
        pause_s = PAUSE_S[0]
        while not self._leaving:
            began_s = time.monotonic()
            self._changed = False
            self._watch(self._start())
            lived = self._changed or time.monotonic() - began_s > PAUSE_S[1]
            pause_s = PAUSE_S[0] if lived else min(2 * pause_s, PAUSE_S[1])
            self._rest(0.0 if self._changed else pause_s)
        return 0

    def _start(self) -> subprocess.Popen[bytes]:
        # `-m` puts the working folder in front of the path: it is the tree itself
        return subprocess.Popen(self._plan.command(), env=self._plan.surroundings(os.environ), cwd=self._plan.tree()[0])

    def _watch(self, app: subprocess.Popen[bytes]) -> None:
        while app.poll() is None and not self._asked:
            time.sleep(POLL_S)
        if app.poll() is None:
            _stop(app)

    def _rest(self, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s and not self._asked:
            time.sleep(POLL_S)

    @property
    def _asked(self) -> bool:
        return self._leaving or self._changed

    def _leave(self, *_: object) -> None:
        self._leaving = True

    def _change(self, *_: object) -> None:
        self._changed = True


def _stop(app: subprocess.Popen[bytes]) -> None:
    app.send_signal(signal.SIGTERM)
    try:
        app.wait(STOP_S)
    except subprocess.TimeoutExpired:
        app.kill()
        app.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota.launcher", description=__doc__.splitlines()[0])
    parser.add_argument("--shelf", type=Path, required=True)
    parser.add_argument("--built-in", type=Path, required=True)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    return Launcher(Plan(options.shelf.resolve(), options.built_in.resolve(), options.arguments)).run()


if __name__ == "__main__":
    sys.exit(main())
