"""The kernel's sensors by their driver's name."""

from __future__ import annotations

from pathlib import Path

from hw_tests.board import text


def sensor(root: Path, name: str) -> Path | None:
    """The folder of the first sensor of this driver; None: there is none."""
    folders = sorted((root / "sys/class/hwmon").glob("hwmon*"))
    return next((folder for folder in folders if text(folder, "name") == name), None)
