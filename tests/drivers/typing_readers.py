"""A reader that types, without the kernel's input device: everything of the driver but the grab."""

from __future__ import annotations

from pathlib import Path

from drivers.device_file import DeviceFile
from drivers.passport_reader.wedge import WedgeReader


def wedge_on(path: Path, layout: str = "us", gap_s: float = 0.2) -> WedgeReader:
    """The file is opened as it is: a pty knows no exclusive use."""
    return WedgeReader("r", DeviceFile("r", str(path)), layout, gap_s)
