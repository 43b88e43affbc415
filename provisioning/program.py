"""The kiosk's own program, seen from beside it: whether it runs, and how it is ended by who may stop no service."""

from __future__ import annotations

import time
from pathlib import Path

from appliance import durable

RUNNING = "running"
"""In the kiosk's folder: locked as long as its program runs."""

OPEN = ("commissioned", "kiosk.toml")
"""In the order in which they are taken away: without the first an image starts no program, and a program whose
kiosk.toml is gone ends by itself as soon as nobody is there."""

ENDED = ".ended"

LOOK_S = 0.5


def end(folder: Path, within_s: float) -> bool:
    """Whether none runs any more; else everything is as it was."""
    for name in OPEN:
        _rename(folder / name, folder / (name + ENDED))
    ends_s = time.monotonic() + within_s
    while durable.is_locked(folder / RUNNING):
        if time.monotonic() > ends_s:
            let_run(folder)
            return False
        time.sleep(LOOK_S)
    return True


def let_run(folder: Path) -> None:
    """It may begin anew, if it was ended."""
    for name in reversed(OPEN):
        _rename(folder / (name + ENDED), folder / name)


def _rename(path: Path, to: Path) -> None:
    if path.exists():
        path.rename(to)
        durable.sync_folder(to.parent)
