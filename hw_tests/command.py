"""Commands of the system, asked as a person would at a terminal; a command that is not there is a skip by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from hw_tests.runner import Skip
from hw_tests.station import Station

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """Exit status, and what stood on both outputs. A command that did not end in time has status 124."""

    status: int
    out: bytes
    error: str


def is_there(station: Station, name: str) -> bool:
    return shutil.which(name, path=station.path) is not None


def said(station: Station, name: str, *arguments: str, more: dict[str, str] | None = None) -> Said:
    """Raises `Skip` where there is no such command."""
    found = shutil.which(name, path=station.path)
    if found is None:
        raise Skip(f"no command {name} here")
    environment = {"PATH": station.path, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")} | (more or {})
    try:
        done = subprocess.run(
            [found, *arguments], capture_output=True, timeout=PATIENCE_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return Said(124, b"", f"{name} did not end in {PATIENCE_S:.0f} s")
    return Said(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))
