"""The kiosk's own program, seen from beside it: whether it runs, and how it is ended by who may stop no service."""

from __future__ import annotations

import time
from pathlib import Path

from appliance import durable

RUNNING = "running"
"""In the kiosk's folder: locked as long as its program runs."""

CONFIG, ENDED = "kiosk.toml", "kiosk.toml.ended"
"""A program whose kiosk.toml is gone ends by itself as soon as nobody is there, and cannot begin anew without it."""

LOOK_S = 0.5


def end(folder: Path, within_s: float) -> bool:
    """Whether none runs any more; else everything is as it was."""
    _rename(folder / CONFIG, folder / ENDED)
    ends_s = time.monotonic() + within_s
    while durable.is_locked(folder / RUNNING):
        if time.monotonic() > ends_s:
            let_run(folder)
            return False
        time.sleep(LOOK_S)
    return True


def let_run(folder: Path) -> None:
    """It may begin anew, if it was ended."""
    _rename(folder / ENDED, folder / CONFIG)


def _rename(path: Path, to: Path) -> None:
    if path.exists():
        path.rename(to)
        durable.sync_folder(to.parent)
