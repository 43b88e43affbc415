"""What suites use inside the guest: modules in and out, files of configfs, waiting for a device node."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CONFIG = Path("/sys/kernel/config")


def load(name: str, *parameters: str) -> None:
    """Load a module that MODULES named, or that one of them needed, again."""
    path = json.loads(os.environ["LANDFALL_GUEST_MODULES"])[name]
    subprocess.run(["busybox", "insmod", path, *parameters], check=True)


def unload(name: str) -> None:
    """Raises `CalledProcessError` while somebody holds the module."""
    subprocess.run(["busybox", "rmmod", name], check=True)


def until(what: str, there: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for it. `TimeoutError` names what did not come."""
    ends_s = time.monotonic() + seconds
    while not there():
        if time.monotonic() > ends_s:
            raise TimeoutError(what)
        time.sleep(0.02)
